//! The router finds every operation of every model from the least that a request can be.

use bytes::Bytes;
use http::Request;
use trent_gateway::Detected;
use trent_protocol::{Operation, Protocol, ServiceModel};
use trent_testkit::Cloud;

#[test]
fn every_operation_of_every_model_is_found() {
    let cloud = Cloud::new();
    let mut found = 0;
    for model in Cloud::models() {
        for operation in model.operations {
            let request = minimal_request(model, operation);
            let detected = cloud.gateway().router().detect(&request);
            let Ok(Detected { route, .. }) = detected else { panic!("{} is lost", operation.name) };
            assert_eq!((route.model.id, route.operation.name), (model.id, operation.name));
            found += 1;
        }
    }
    assert_eq!(found, 56 + 11 + 180, "KMS, STS and IAM, as their models are pinned");
}

fn minimal_request(model: &ServiceModel, operation: &Operation) -> Request<Bytes> {
    let request = match model.protocol {
        Protocol::AwsJson11 => {
            let target = format!("{}.{}", model.target_prefix.expect("awsJson has one"), operation.name);
            Request::post("/").header("x-amz-target", target).body(Bytes::new())
        }
        Protocol::AwsQuery => {
            let form = format!("Action={}&Version={}", operation.name, model.api_version);
            Request::post("/").body(Bytes::from(form))
        }
    };
    request.expect("a valid request")
}
