//! Lists are walked while what they list comes and goes between the pages: whatever was there throughout comes exactly once,
//! and nothing comes twice.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use trent_testkit::{Cloud, MadeKey};

/// A list that is walked page by page.
struct Walk<'a> {
    cloud: &'a Cloud,
    operation: &'static str,
    /// The member of the answer that holds the items, and the member of an item that tells it from others.
    items: (&'static str, &'static str),
    input: Value,
    /// The largest page.
    most: usize,
    seen: Vec<String>,
    is_over: bool,
}

impl Walk<'_> {
    /// Reads the next page; the walk is over when there is none.
    async fn next_page(&mut self) -> bool {
        if self.is_over {
            return false;
        }
        let mut page = self.cloud.kms(self.operation, self.input.clone()).await.succeeds();
        let items = page[self.items.0].as_array().expect("a list");
        assert!(items.len() <= self.most, "{} of at most {}", items.len(), self.most);
        self.is_over = page["Truncated"] == json!(false);
        assert_eq!(page.get("NextMarker").is_none(), self.is_over, "a marker comes exactly with a truncated page");
        assert!(!items.is_empty() || self.is_over, "an empty page promises more");
        self.seen.extend(items.iter().map(|item| item[self.items.1].as_str().expect("text").to_owned()));
        self.input["Marker"] = page["NextMarker"].take();
        true
    }

    /// The item that ended the last page.
    fn last(&self) -> &str {
        self.seen.last().map_or("", String::as_str)
    }

    fn saw_each_once(&self, throughout: &BTreeSet<String>) {
        let seen: BTreeSet<&String> = self.seen.iter().collect();
        assert_eq!(seen.len(), self.seen.len(), "{} repeats itself", self.operation);
        let lost: Vec<_> = throughout.iter().filter(|item| !seen.contains(item)).collect();
        assert!(lost.is_empty(), "{} loses {lost:?}", self.operation);
    }
}

fn walk<'a>(
    cloud: &'a Cloud,
    operation: &'static str,
    items: (&'static str, &'static str),
    mut input: Value,
    limit: Option<usize>,
    default: usize,
) -> Walk<'a> {
    if let Some(limit) = limit {
        input["Limit"] = json!(limit);
    }
    Walk { cloud, operation, items, input, most: limit.unwrap_or(default), seen: Vec::new(), is_over: false }
}

#[tokio::test]
async fn keys_that_stay_are_listed_once_while_others_come_and_go() {
    // Enough for two pages of each size, and not so many pages that a walk outlives the keys that go.
    for (limit, number) in [(Some(1), 30), (Some(2), 50), (None, 260), (Some(1000), 1100)] {
        let cloud = Cloud::new();
        let mut throughout = BTreeSet::new();
        let mut window = (7..=30).cycle();
        for made in 0..number {
            let key = cloud.make_key().await;
            if made % 3 == 0 {
                let input = json!({ "KeyId": key.id, "PendingWindowInDays": window.next() });
                cloud.kms("ScheduleKeyDeletion", input).await.succeeds();
            } else {
                throughout.insert(key.id);
            }
        }
        cloud.clock().advance_days(6);
        let mut walk = walk(&cloud, "ListKeys", ("Keys", "KeyId"), json!({}), limit, 100);
        while walk.next_page().await {
            cloud.clock().advance_days(1);
            cloud.sweep().await;
            cloud.make_key().await;
        }
        walk.saw_each_once(&throughout);
        assert!(walk.seen.len() > throughout.len(), "some of those that go are seen before they go");
    }
}

#[tokio::test]
async fn aliases_that_stay_are_listed_once_while_others_come_and_go() {
    for (limit, number) in [(Some(1), 40), (Some(2), 60), (None, 240), (Some(100), 340)] {
        let cloud = Cloud::new();
        let mut keys = Vec::new();
        for _ in 0..10 {
            keys.push(cloud.make_key().await);
        }
        let throughout = make_aliases(&cloud, &keys, number).await;
        let mut walk = walk(&cloud, "ListAliases", ("Aliases", "AliasName"), json!({}), limit, 50);
        while walk.next_page().await {
            change_aliases_around(&cloud, walk.last(), &keys).await;
        }
        walk.saw_each_once(&throughout);
    }
}

#[tokio::test]
async fn aliases_of_a_key_that_stay_are_listed_once_while_others_come_and_go() {
    for limit in [Some(1), Some(2), None, Some(100)] {
        let cloud = Cloud::new();
        let keys = [cloud.make_key().await];
        let throughout = make_aliases(&cloud, &keys, 45).await;
        let input = json!({ "KeyId": keys[0].id });
        let mut walk = walk(&cloud, "ListAliases", ("Aliases", "AliasName"), input, limit, 50);
        while walk.next_page().await {
            change_aliases_around(&cloud, walk.last(), &keys).await;
        }
        walk.saw_each_once(&throughout);
    }
}

/// Makes aliases, of which every third will go. Returns the names of the others.
async fn make_aliases(cloud: &Cloud, keys: &[MadeKey], number: usize) -> BTreeSet<String> {
    let mut throughout = BTreeSet::new();
    for made in 0..number {
        let name = format!("alias/{made:03}");
        let input = json!({ "AliasName": name, "TargetKeyId": keys[made % keys.len()].id });
        cloud.kms("CreateAlias", input).await.succeeds();
        if made % 3 != 0 {
            throughout.insert(name);
        }
    }
    throughout
}

/// Deletes the aliases next to `last` that may go, `last` itself among them, and makes some before and after it.
async fn change_aliases_around(cloud: &Cloud, last: &str, keys: &[MadeKey]) {
    let number: usize = last.get(6..9).and_then(|number| number.parse().ok()).unwrap_or_default();
    for near in number.saturating_sub(2)..=number + 2 {
        for name in [format!("alias/{near:03}"), format!("alias/{near:03}-new")] {
            if near % 3 == 0 || name.ends_with("-new") {
                // It may have gone before.
                cloud.kms("DeleteAlias", json!({ "AliasName": name })).await;
            }
        }
    }
    for near in [number.saturating_sub(1), number + 1] {
        let input = json!({ "AliasName": format!("alias/{near:03}-new"), "TargetKeyId": keys[near % keys.len()].id });
        cloud.kms("CreateAlias", input).await.succeeds();
    }
}

#[tokio::test]
async fn tags_that_stay_are_listed_once_while_others_come_and_go() {
    for limit in [Some(1), Some(2), None, Some(50)] {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let tag = |name: String| json!({ "TagKey": name, "TagValue": "" });
        let tags: Vec<Value> = (0..45).map(|number| tag(format!("{number:02}"))).collect();
        cloud.kms("TagResource", json!({ "KeyId": key.id, "Tags": tags })).await.succeeds();
        let throughout = (0..45).filter(|number| number % 3 != 0).map(|number| format!("{number:02}")).collect();

        let input = json!({ "KeyId": key.id });
        let mut walk = walk(&cloud, "ListResourceTags", ("Tags", "TagKey"), input, limit, 50);
        while walk.next_page().await {
            let number: usize = walk.last().get(..2).and_then(|number| number.parse().ok()).expect("a number");
            let near = number.saturating_sub(2)..=number + 2;
            let going = near.clone().filter(|near| near % 3 == 0).map(|near| format!("{near:02}"));
            let going: Vec<String> = going.chain(near.map(|near| format!("{near:02}-new"))).collect();
            cloud.kms("UntagResource", json!({ "KeyId": key.id, "TagKeys": going })).await.succeeds();
            let coming = [number.saturating_sub(1), number + 1].map(|near| tag(format!("{near:02}-new")));
            cloud.kms("TagResource", json!({ "KeyId": key.id, "Tags": coming })).await.succeeds();
        }
        walk.saw_each_once(&throughout);
    }
}

#[tokio::test]
async fn rotations_are_listed_once_while_the_key_rotates_on() {
    for (limit, number) in [(Some(1), 10), (Some(2), 21), (None, 250), (Some(1000), 1100)] {
        for include in ["ROTATIONS_ONLY", "ALL_KEY_MATERIAL"] {
            let cloud = Cloud::new();
            let key = cloud.make_key().await;
            let input = json!({ "KeyId": key.id, "RotationPeriodInDays": 90 });
            cloud.kms("EnableKeyRotation", input).await.succeeds();
            cloud.clock().advance_days(90 * number);

            let mut walk = walk_rotations(&cloud, &key, include, limit);
            // A key that rotated with every page of one would never come to an end.
            let mut rotations = 0..5;
            while walk.next_page().await {
                if rotations.next().is_some() {
                    cloud.clock().advance_days(90);
                }
            }
            let mut whole = walk_rotations(&cloud, &key, include, Some(1000));
            while whole.next_page().await {}
            let at_first = usize::try_from(number).expect("small") + usize::from(include == "ALL_KEY_MATERIAL");
            assert!(walk.seen.len() >= at_first, "{} of {at_first}", walk.seen.len());
            assert!(whole.seen.starts_with(&walk.seen), "{include}, {limit:?}");
            whole.saw_each_once(&walk.seen.into_iter().collect());
        }
    }
}

fn walk_rotations<'a>(cloud: &'a Cloud, key: &MadeKey, include: &str, limit: Option<usize>) -> Walk<'a> {
    let input = json!({ "KeyId": key.id, "IncludeKeyMaterial": include });
    walk(cloud, "ListKeyRotations", ("Rotations", "KeyMaterialId"), input, limit, 100)
}

#[tokio::test]
async fn there_is_one_page_of_policies() {
    for limit in [json!(1), json!(2), json!(null), json!(1000)] {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let mut input = json!({ "KeyId": key.id, "Limit": limit });
        input.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
        let answer = cloud.kms("ListKeyPolicies", input).await;
        assert_eq!(answer.text(), r#"{"PolicyNames":["default"],"Truncated":false}"#);
    }
}
