//! Ten years in one step: what turning the clock over many keys costs, and what everybody else notices of it.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::Failure;
use crate::cases::call;
use crate::load::{Connection, kms_request, run};
use crate::report::{heading, line, median};
use crate::server::Server;

const ROTATING: usize = 10_000;
const DYING: usize = 5_000;
const CONNECTIONS: usize = 32;
/// Who encrypts meanwhile: one connection that never pauses keeps half of the two cores busy.
const CLIENTS: usize = 1;
const ROUND: Duration = Duration::from_millis(500);

pub(crate) async fn measure(trent: &Path) -> Result<(), Failure> {
    heading("ten years over 10,000 keys that rotate each 90 days and 5,000 that wait for their deletion");
    let folder = tempfile::tempdir()?;
    let trent = Server::trent(trent, Some(folder.path())).await?;
    each(&trent, ROTATING, "EnableKeyRotation", json!({ "RotationPeriodInDays": 90 })).await?;
    each(&trent, DYING, "ScheduleKeyDeletion", json!({ "PendingWindowInDays": 7 })).await?;

    let mut connection = Connection::open(&trent.address).await?;
    let key = call(&mut connection, "CreateKey", &json!({})).await?;
    let encrypt = json!({ "KeyId": key["KeyMetadata"]["KeyId"], "Plaintext": "AAAA" });
    let requests = [kms_request("/", "Encrypt", &encrypt.to_string())];
    let mut quiet = Vec::new();
    for _ in 0..5 {
        quiet.push(run(&trent, &requests, CLIENTS, ROUND).await?.p99);
    }

    let address = trent.address.clone();
    let turning = tokio::spawn(async move {
        let mut connection = Connection::open(&address).await?;
        let started = Instant::now();
        connection.call(&turn("3650d")).await?;
        Ok::<_, Failure>(started.elapsed())
    });
    let mut busy = Vec::new();
    while !turning.is_finished() {
        busy.push(run(&trent, &requests, CLIENTS, ROUND).await?.p99);
    }
    let took = turning.await??;
    let rest = call(&mut connection, "ListKeys", &json!({ "Limit": 1000 })).await?;
    if rest["Keys"].as_array().is_none_or(Vec::is_empty) {
        return Err("no key is left".into());
    }
    line("the clock's turn, under load", &format!("{:.1} s", took.as_secs_f64()));
    let (quiet, busy) = (millis(median(quiet)), millis(median(busy)));
    line("p99 of Encrypt, before and meanwhile", &format!("{quiet:.2} ms → {busy:.2} ms, × {:.1}", busy / quiet));
    line("resident memory", &format!("{:.1} MB", trent.resident()?));
    Ok(())
}

/// Makes so many keys and calls an operation on each.
async fn each(trent: &Server, count: usize, operation: &'static str, input: Value) -> Result<(), Failure> {
    let mut tasks = JoinSet::new();
    for number in 0..CONNECTIONS {
        let (mut connection, mut input) = (Connection::open(&trent.address).await?, input.clone());
        tasks.spawn(async move {
            for _ in (number..count).step_by(CONNECTIONS) {
                let key = call(&mut connection, "CreateKey", &json!({})).await?;
                input["KeyId"] = key["KeyMetadata"]["KeyId"].clone();
                call(&mut connection, operation, &input).await?;
            }
            Ok::<_, Failure>(())
        });
    }
    while let Some(finished) = tasks.join_next().await {
        finished??;
    }
    Ok(())
}

fn turn(by: &str) -> Vec<u8> {
    let body = json!({ "by": by }).to_string();
    let head = "POST /_trent/clock/advance HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn millis(time: Option<Duration>) -> f64 {
    time.unwrap_or_default().as_secs_f64() * 1e3
}
