//! Asymmetric keys and MACs under load, and what making RSA keys does to everybody else.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Failure;
use crate::cases::{call, compare};
use crate::load::{Connection, kms_request, run};
use crate::report::{heading, line, median};
use crate::server::Server;

/// 32 zero bytes in base64: a message, or the digest of one.
const MESSAGE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// Those operations whose name has `only` in it.
pub(crate) async fn operations(trent: &Path, only: &str) -> Result<(), Failure> {
    heading("asymmetric keys and MACs, of the rate of a bare hyper server");
    let (trent, bare) = (Server::trent(trent, None).await?, Server::bare().await?);
    until_idle(&trent).await?;
    let mut connection = Connection::open(&trent.address).await?;
    let mut cases = Vec::new();
    for (spec, algorithm) in [("RSA_2048", "RSASSA_PSS_SHA_256"), ("ECC_NIST_P256", "ECDSA_SHA_256")] {
        let id = create(&mut connection, spec, "SIGN_VERIFY").await?;
        let mut input = json!({ "KeyId": id, "Message": MESSAGE, "SigningAlgorithm": algorithm });
        cases.push((format!("Sign {spec}"), "Sign", input.clone()));
        input["Signature"] = call(&mut connection, "Sign", &input).await?["Signature"].clone();
        cases.push((format!("Verify {spec}"), "Verify", input));
    }
    let id = create(&mut connection, "HMAC_256", "GENERATE_VERIFY_MAC").await?;
    let input = json!({ "KeyId": id, "Message": MESSAGE, "MacAlgorithm": "HMAC_SHA_256" });
    cases.push(("GenerateMac".to_owned(), "GenerateMac", input));
    until_idle(&trent).await?;
    for (name, operation, input) in cases.iter().filter(|(name, ..)| name.contains(only)) {
        compare(&trent, &bare, name, operation, &input.to_string(), 16).await?;
    }
    Ok(())
}

pub(crate) async fn generation(trent: &Path) -> Result<(), Failure> {
    heading("making RSA_4096 keys");
    let trent = Server::trent(trent, None).await?;
    let mut connection = Connection::open(&trent.address).await?;
    let mut stocked = Vec::new();
    for _ in 0..5 {
        until_idle(&trent).await?;
        for _ in 0..2 {
            let started = Instant::now();
            create(&mut connection, "RSA_4096", "SIGN_VERIFY").await?;
            stocked.push(started.elapsed());
        }
    }
    line("CreateKey, two at a time from the stock, median", &format!("{:.1} ms", millis(median(stocked))));

    until_idle(&trent).await?;
    let key = call(&mut connection, "CreateKey", &json!({})).await?;
    let encrypt = json!({ "KeyId": key["KeyMetadata"]["KeyId"], "Plaintext": MESSAGE });
    let requests = [kms_request("/", "Encrypt", &encrypt.to_string())];
    let (mut quiet, mut busy) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        until_idle(&trent).await?;
        quiet.push(run(&trent, &requests, 4, ROUND).await?.p99);
        let address = trent.address.clone();
        let making = tokio::spawn(async move {
            let mut connection = Connection::open(&address).await?;
            loop {
                create(&mut connection, "RSA_4096", "SIGN_VERIFY").await?;
            }
            #[expect(unreachable_code, reason = "tells the type of the loop's errors")]
            Ok::<(), Failure>(())
        });
        busy.push(run(&trent, &requests, 4, ROUND).await?.p99);
        making.abort();
    }
    let (quiet, busy) = (millis(median(quiet)), millis(median(busy)));
    let figure = format!("{quiet:.2} ms → {busy:.2} ms, × {:.1}", busy / quiet);
    line("p99 of Encrypt, c=4, before and while keys are made", &figure);
    Ok(())
}

const ROUND: Duration = Duration::from_secs(2);

async fn create(connection: &mut Connection, spec: &str, usage: &str) -> Result<Value, Failure> {
    let key = call(connection, "CreateKey", &json!({ "KeySpec": spec, "KeyUsage": usage })).await?;
    Ok(key["KeyMetadata"]["KeyId"].clone())
}

/// Waits until the server has nothing to do any more, its stock of RSA keys being full.
async fn until_idle(server: &Server) -> Result<(), Failure> {
    let mut before = server.cpu()?;
    for _ in 0..120 {
        tokio::time::sleep(Duration::from_millis(250)).await;
        let now = server.cpu()?;
        if now == before {
            return Ok(());
        }
        before = now;
    }
    Err("the server does not come to rest".into())
}

fn millis(time: Option<Duration>) -> f64 {
    time.unwrap_or_default().as_secs_f64() * 1e3
}
