//! Every constraint of every input of every model, kept and broken. All of it is generated from the shape tables: what is
//! valid at its boundary passes, and what is not is refused in AWS's words (errors.md §4).

use serde_json::Value;
use trent_protocol::{Operation, Protocol, ServiceModel};
use trent_testkit::Cloud;
use trent_testkit::inputs::{self, Case, Expected, body, cases, minimal, scalar_values};

/// What the models, as they are pinned, give at least; fewer would mean that a generator ran dry.
const LEAST_CASES: [(&str, usize); 3] = [("kms", 2800), ("sts", 330), ("iam", 2800)];

#[test]
fn every_constraint_holds_at_its_boundary_and_breaks_beyond_it() {
    for (model, (id, least)) in Cloud::models().into_iter().zip(LEAST_CASES) {
        assert_eq!(model.id, id);
        let mut number = 0;
        for operation in model.operations {
            for case in cases(operation.input, model.protocol) {
                check(model, operation, &case);
                number += 1;
            }
        }
        assert!(number >= least, "only {number} cases were generated for {id}");
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once_in_the_order_of_the_model() {
    let mut most = 0;
    for model in Cloud::models() {
        for operation in model.operations {
            let mut input = minimal(operation.input);
            let mut violations = Vec::new();
            for member in operation.input.members {
                let path = inputs::camel(member.name);
                let broken = scalar_values(member.shape).into_iter().find(|value| !value.broken.is_empty());
                if let Some(value) = broken {
                    violations.extend(value.violations(&path));
                    input[member.name] = value.value;
                } else if member.is_required {
                    violations.push(inputs::missing(&path));
                    input.as_object_mut().expect("an object").remove(member.name);
                }
            }
            most = most.max(violations.len());
            let expected = if violations.is_empty() { Expected::Valid } else { Expected::Violations(violations) };
            check(model, operation, &Case { input, expected });
        }
    }
    assert!(most >= 8, "no operation had more than {most} violations");
}

#[test]
fn nothing_sensitive_is_ever_told() {
    const SECRET: &str = "!SECRET!";
    let mut number = 0;
    for model in Cloud::models() {
        for operation in model.operations {
            for input in inputs::with_each_secret(operation.input, SECRET) {
                let body = body(operation.input, &input, model.protocol);
                let Err(refused) = model.protocol.decode(operation, &body) else { continue };
                let message = refused.message.unwrap_or_default();
                assert!(!message.contains("SECRET"), "{} {message}", operation.name);
                number += 1;
            }
        }
    }
    assert!(number >= 10, "only {number} secrets were refused");
}

fn check(model: &ServiceModel, operation: &Operation, Case { input, expected }: &Case) {
    let told = || format!("{} {}", operation.name, shortened(input));
    let decoded = model.protocol.decode(operation, &body(operation.input, input, model.protocol));
    let (violation, wrong_type) = match model.protocol {
        Protocol::AwsJson11 => ("ValidationException", "SerializationException"),
        Protocol::AwsQuery => ("ValidationError", "MalformedInput"),
    };
    let refused = match (decoded, expected) {
        (Ok(_), Expected::Valid) => return,
        (Ok(_), _) => panic!("{} was not refused", told()),
        (Err(refused), _) => refused,
    };
    let message = refused.message.unwrap_or_default();
    match expected {
        Expected::Valid => panic!("{} was refused: {message}", told()),
        Expected::WrongType => assert!(!message.is_empty(), "{} was refused without a reason", told()),
        Expected::Violations(violations) => {
            let detected = if violations.len() == 1 {
                "1 validation error".to_owned()
            } else {
                format!("{} validation errors", violations.len())
            };
            assert_eq!(message, format!("{detected} detected: {}", violations.join("; ")), "{}", told());
        }
        Expected::ViolationEnding(end) => {
            assert!(message.starts_with("1 validation error detected: ") && message.ends_with(end), "{message}");
        }
    }
    let code = if matches!(expected, Expected::WrongType) { wrong_type } else { violation };
    assert_eq!((&*refused.code, refused.status), (code, 400), "{}", told());
}

fn shortened(input: &Value) -> String {
    input.to_string().chars().take(300).collect()
}
