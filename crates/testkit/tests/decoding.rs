//! Whatever a client sends, decoding answers: it never panics, and never lets a value through that its generated type
//! cannot hold.

use proptest::prelude::*;
use trent_kms::api::{MODEL, Tag, shapes};
use trent_protocol::{Decode, Operation, Protocol};
use trent_shared::{RequestId, random_uuid};
use trent_testkit::inputs::{body, cases};
use trent_testkit::{Cloud, SeededEntropy};

/// An operation whose input is a structure that is also an output, so that it can go both ways.
static ECHO_TAG: Operation = Operation {
    index: usize::MAX,
    name: "EchoTag",
    input: &shapes::TAG,
    output: Some(&shapes::TAG),
    result_wrapper: None,
    errors: &[],
    is_implemented: false,
};

/// Every operation of every model with its protocol, to decode for.
fn decode_for_all(body: &[u8]) {
    for model in Cloud::models() {
        for operation in model.operations {
            // Also in the other's protocol: nothing may depend on who speaks it.
            for protocol in [Protocol::AwsJson11, Protocol::AwsQuery] {
                drop(protocol.decode(operation, body));
            }
        }
    }
}

/// Valid and invalid inputs of all operations, as they stand on the wire.
fn bodies() -> Vec<Vec<u8>> {
    let all = Cloud::models().into_iter().flat_map(|model| {
        model.operations.iter().flat_map(|operation| {
            cases(operation.input, model.protocol)
                .into_iter()
                .map(|case| body(operation.input, &case.input, model.protocol))
        })
    });
    all.filter(|body| body.len() < 2000).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn arbitrary_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        decode_for_all(&bytes);
    }

    #[test]
    fn what_looks_like_json_is_answered(text in r#"[{}\[\]:,"\\a-zA-Z0-9.eE+\-tfn]{0,120}"#) {
        decode_for_all(text.as_bytes());
    }

    #[test]
    fn what_looks_like_a_form_is_answered(text in r"([A-Za-z]{1,8}(\.(member|entry|[0-9]{1,12}|key|value)){0,20}=[%a-f0-9]{0,9}&){0,12}") {
        decode_for_all(text.as_bytes());
    }

    #[test]
    fn a_tag_comes_back_as_it_went(tag_key in "\\PC{1,128}", tag_value in any::<String>()) {
        let tag_value: String = tag_value.chars().take(256).collect();
        let tag = Tag { tag_key, tag_value };
        let id = RequestId::new(random_uuid(&SeededEntropy::new(1)));
        let encoded = Protocol::AwsJson11.encode(&MODEL, &ECHO_TAG, &tag, id);
        let decoded = Protocol::AwsJson11.decode(&ECHO_TAG, &encoded.body).map(Tag::decode);
        prop_assert_eq!(decoded, Ok(Ok(tag)));
    }
}

#[test]
fn damaged_requests_are_answered() {
    // Every generated body, once cut off and twice with a byte changed, at places that repeat from run to run.
    let mut state = 2026_usize;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below.max(1)
    };
    let bodies = bodies();
    assert!(bodies.len() > 2000, "only {} bodies", bodies.len());
    for mut body in bodies {
        for (model, operation) in Cloud::models().map(|model| (model, &model.operations[next(model.operations.len())]))
        {
            drop(model.protocol.decode(operation, &body[..next(body.len())]));
        }
        for _ in 0..2 {
            let (place, byte) = (next(body.len()), u8::try_from(next(256)).expect("a byte"));
            if let Some(changed) = body.get_mut(place) {
                *changed = byte;
            }
            for model in Cloud::models() {
                drop(model.protocol.decode(&model.operations[next(model.operations.len())], &body));
            }
        }
    }
}

#[tokio::test]
async fn what_passes_validation_fits_its_type() {
    let cloud = Cloud::new();
    let mut number = 0;
    for operation in MODEL.operations.iter().filter(|operation| operation.is_implemented) {
        for case in cases(operation.input, MODEL.protocol) {
            let answer = cloud.kms(operation.name, case.input).await;
            assert_ne!(answer.status, 500, "{}: {}", operation.name, answer.text());
            number += 1;
        }
    }
    assert!(number > 1000, "only {number} cases");
}
