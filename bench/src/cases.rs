//! The cases under load.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Failure;
use crate::load::{Connection, Round, kms_request, run};
use crate::report::{heading, line, median, rounds};
use crate::server::Server;
use crate::start::{first_answer, milliseconds};

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(1500);
const CONCURRENCY: [usize; 3] = [1, 16, 64];

/// Single operations on one key that is in use, those whose name has `only` in it.
pub(crate) async fn operations(trent: &Path, only: &str) -> Result<(), Failure> {
    heading("operations, of the rate of a bare hyper server with bodies of the same size");
    let folder = tempfile::tempdir()?;
    let (trent, bare) = (Server::trent(trent, Some(folder.path())).await?, Server::bare().await?);
    let mut connection = Connection::open(&trent.address).await?;
    let key = call(&mut connection, "CreateKey", &json!({})).await?;
    let id = &key["KeyMetadata"]["KeyId"];
    let zeros_1024 = format!("{}==", "A".repeat(1366));
    let encrypt = json!({ "KeyId": id, "Plaintext": zeros_1024 });
    let ciphertext = call(&mut connection, "Encrypt", &encrypt).await?;
    let cases = [
        ("Encrypt 1 KiB", "Encrypt", encrypt),
        ("Decrypt 1 KiB", "Decrypt", json!({ "CiphertextBlob": ciphertext["CiphertextBlob"] })),
        ("DescribeKey", "DescribeKey", json!({ "KeyId": id })),
        ("GenerateDataKey", "GenerateDataKey", json!({ "KeyId": id, "KeySpec": "AES_256" })),
    ];
    for (name, operation, input) in cases.iter().filter(|(name, ..)| name.contains(only)) {
        for connections in CONCURRENCY {
            compare(&trent, &bare, name, operation, &input.to_string(), connections).await?;
        }
    }
    line("resident memory, loaded", &format!("{:.1} MB", trent.resident()?));
    Ok(())
}

/// A page of 1,000 keys among 10,000.
pub(crate) async fn pages(trent: &Path) -> Result<(), Failure> {
    heading("ListKeys, a page of 1,000 among 10,000 keys");
    let folder = tempfile::tempdir()?;
    let (trent, bare) = (Server::trent(trent, Some(folder.path())).await?, Server::bare().await?);
    create_keys(&trent, 10_000).await?;
    compare(&trent, &bare, "ListKeys 1000", "ListKeys", r#"{"Limit":1000}"#, 16).await
}

/// What one more key, alias or page costs among 1,000 and among 100,000 keys.
pub(crate) async fn growth(trent: &Path) -> Result<(), Failure> {
    heading("one more among 1,000 and among 100,000 keys, median of 200");
    let folder = tempfile::tempdir()?;
    let binary = trent;
    let trent = Server::trent(binary, Some(folder.path())).await?;
    create_keys(&trent, 1_000).await?;
    let few = one_more(&trent).await?;
    // With the 400 that are measured, as many as the quota allows.
    create_keys(&trent, 98_600).await?;
    let many = one_more(&trent).await?;
    for ((what, few), (_, many)) in few.into_iter().zip(many) {
        let ratio = many.as_secs_f64() / few.as_secs_f64();
        line(what, &format!("{:>5} µs → {:>5} µs, × {ratio:.2}", few.as_micros(), many.as_micros()));
    }
    line("resident memory", &format!("{:.1} MB", trent.resident()?));
    drop(trent);
    let mut starts = Vec::new();
    for _ in 0..5 {
        starts.push(first_answer(binary, folder.path()).await?.0);
    }
    line("start to first answered request, 100,000 keys", &milliseconds(median(starts)));
    Ok(())
}

pub(crate) async fn compare(
    trent: &Server,
    bare: &Server,
    name: &str,
    operation: &str,
    input: &str,
    connections: usize,
) -> Result<(), Failure> {
    let request = kms_request("/", operation, input);
    let size = Connection::open(&trent.address).await?.call(&request).await?.len();
    let bare_request = kms_request(&format!("/{size}"), operation, input);
    let (mut trents, mut bares): (Vec<Round>, Vec<Round>) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        trents.push(run(trent, std::slice::from_ref(&request), connections, ROUND).await?);
        bares.push(run(bare, std::slice::from_ref(&bare_request), connections, ROUND).await?);
    }
    rounds(name, connections, &trents, &bares);
    Ok(())
}

async fn create_keys(trent: &Server, count: usize) -> Result<(), Failure> {
    const CONNECTIONS: usize = 32;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..CONNECTIONS {
        let mut connection = Connection::open(&trent.address).await?;
        tasks.spawn(async move {
            for _ in (number..count).step_by(CONNECTIONS) {
                call(&mut connection, "CreateKey", &json!({})).await?;
            }
            Ok::<_, Failure>(())
        });
    }
    while let Some(finished) = tasks.join_next().await {
        finished??;
    }
    Ok(())
}

async fn one_more(trent: &Server) -> Result<Vec<(&'static str, Duration)>, Failure> {
    let mut connection = Connection::open(&trent.address).await?;
    let (mut keys, mut aliases, mut pages, mut of_key) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..200 {
        let (took, key) = timed(&mut connection, "CreateKey", &json!({})).await?;
        keys.push(took);
        let id = key["KeyMetadata"]["KeyId"].as_str().ok_or("no key id")?.to_owned();
        let alias = json!({ "AliasName": format!("alias/{id}"), "TargetKeyId": id });
        aliases.push(timed(&mut connection, "CreateAlias", &alias).await?.0);
        of_key.push(timed(&mut connection, "ListAliases", &json!({ "KeyId": id })).await?.0);
        pages.push(timed(&mut connection, "ListKeys", &json!({ "Limit": 1000 })).await?.0);
    }
    let median = |times| median(times).unwrap_or_default();
    Ok(vec![
        ("CreateKey", median(keys)),
        ("CreateAlias", median(aliases)),
        ("ListAliases of a key", median(of_key)),
        ("ListKeys, 1,000", median(pages)),
    ])
}

async fn timed(connection: &mut Connection, operation: &str, input: &Value) -> Result<(Duration, Value), Failure> {
    let started = Instant::now();
    let answer = call(connection, operation, input).await?;
    Ok((started.elapsed(), answer))
}

pub(crate) async fn call(connection: &mut Connection, operation: &str, input: &Value) -> Result<Value, Failure> {
    let body = connection.call(&kms_request("/", operation, &input.to_string())).await?;
    if body.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_slice(body)?) }
}
