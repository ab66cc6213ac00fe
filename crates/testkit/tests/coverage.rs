//! What is built is said to be built, and what is not says so itself.

use trent_protocol::{Operation, Protocol, ServiceModel};
use trent_testkit::{Answer, Cloud};

const TABLE: &str = include_str!("../../../docs/compatibility.md");

#[tokio::test]
async fn an_operation_that_is_not_built_names_itself_whatever_its_input() {
    let cloud = Cloud::new();
    for model in Cloud::models() {
        for operation in model.operations.iter().filter(|operation| !operation.is_implemented) {
            for input in ["", "{}", "nonsense"] {
                let answer = call(&cloud, model, operation, input).await;
                let text = answer.text();
                assert_eq!(answer.status, 501, "{}: {text}", operation.name);
                assert!(text.contains("NotImplemented") && text.contains(operation.name), "{text}");
            }
        }
    }
}

#[tokio::test]
async fn an_operation_that_is_built_never_says_that_it_is_not() {
    let cloud = Cloud::new();
    for model in Cloud::models() {
        for operation in model.operations.iter().filter(|operation| operation.is_implemented) {
            let answer = call(&cloud, model, operation, "").await;
            assert!(matches!(answer.status, 200 | 400), "{}: {}", operation.name, answer.text());
        }
    }
}

#[test]
fn the_compatibility_table_tells_of_every_operation_whether_it_is_built() {
    for model in Cloud::models() {
        let heading = format!("## {}:", model.full_name);
        let section = TABLE.split_once(&heading).map(|(_, rest)| rest.split("\n## ").next().unwrap_or(rest));
        let section = section.unwrap_or_else(|| panic!("no section for {}", model.full_name));
        for operation in model.operations {
            let row = format!("\n| {} | {} |", operation.name, if operation.is_implemented { "yes" } else { "no" });
            assert_eq!(section.matches(&*row).count(), 1, "{}", row.trim());
        }
        let rows = section.lines().filter(|line| line.ends_with("| yes |") || line.ends_with("| no |")).count();
        assert_eq!(rows, model.operations.len(), "{}", model.full_name);
    }
}

async fn call(cloud: &Cloud, model: &ServiceModel, operation: &Operation, input: &str) -> Answer {
    let client = cloud.client();
    match model.protocol {
        Protocol::AwsJson11 => {
            let target = format!("{}.{}", model.target_prefix.expect("awsJson has one"), operation.name);
            client.send(client.request(model.id).header("x-amz-target", target), input.to_owned()).await
        }
        Protocol::AwsQuery => {
            let form = format!("Action={}&Version={}&{input}", operation.name, model.api_version);
            let request = client.request(model.id).header("content-type", "application/x-www-form-urlencoded");
            client.send(request, form).await
        }
    }
}
