//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Trent, a local AWS emulator with a real KMS at its heart.
///
/// Point any AWS SDK or the AWS CLI at it: export AWS_ENDPOINT_URL=http://localhost:4566
#[derive(Debug, Parser)]
#[command(name = "trent", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the emulator and run until SIGTERM or SIGINT.
    ///
    /// Prints "trent ready on http://ADDR:PORT" to standard output once it answers. Logs go to standard error.
    #[command(after_long_help = CONFIGURATION)]
    Start(StartArguments),
    /// Make an attestation document for a test of KMS's Recipient.
    ///
    /// Prints it in base64. Trent accepts it if the root is named in kms.attestation_roots; AWS never does.
    Attest(AttestArguments),
    /// Print the certificate of the CA that a running emulator proves itself with over HTTPS.
    ///
    /// Clients that are to trust it take it from a file: trent ca > ca.pem; export AWS_CA_BUNDLE=ca.pem
    Ca {
        /// Where the emulator listens [default: $TRENT_ENDPOINT, else http://127.0.0.1:4566]
        #[arg(long)]
        url: Option<String>,
    },
    /// Ask a running emulator how it is; the exit status is 0 when it answers.
    Health {
        /// Where it listens [default: $TRENT_ENDPOINT, else http://127.0.0.1:4566]
        url: Option<String>,
    },
    /// Tell why a request to a running emulator was allowed or denied.
    ///
    /// Prints the policies asked, the statement that decided, and what kept the others from matching. Every answer carries
    /// the request's id (x-amzn-RequestId); SDKs tell it with errors, the AWS CLI with --debug.
    Why {
        /// The id of the request [default: that of the latest denial]
        request_id: Option<String>,
        /// Print JSON instead of sentences
        #[arg(long)]
        json: bool,
        /// Where the emulator listens [default: $TRENT_ENDPOINT, else http://127.0.0.1:4566]
        #[arg(long)]
        url: Option<String>,
    },
    /// Read the clock of a running emulator, or turn it.
    ///
    /// What falls due by a turn is done when the command returns. Time never runs backwards.
    Clock(ClockArguments),
}

#[derive(Debug, Args)]
pub(crate) struct ClockArguments {
    #[command(subcommand)]
    pub(crate) turn: Option<ClockTurn>,
    /// Where the emulator listens [default: $TRENT_ENDPOINT, else http://127.0.0.1:4566]
    #[arg(long, global = true)]
    pub(crate) url: Option<String>,
}

/// What the endpoint is asked to do; it checks what it is given.
#[derive(Debug, Subcommand)]
pub(crate) enum ClockTurn {
    /// Turn the clock forward
    Advance {
        /// By how much: 31d, 12h, 1d12h
        by: String,
    },
    /// Turn the clock forward to a moment
    Set {
        /// RFC 3339: 2027-01-01T00:00:00Z
        to: String,
    },
    /// Let the clock stand still
    Freeze,
    /// Let the clock run on from the moment that it shows
    Resume,
}

/// What the document says.
#[derive(Debug, Args)]
pub(crate) struct AttestArguments {
    /// The root to sign under; made when the file is missing. Name it in kms.attestation_roots, too
    #[arg(long, value_name = "FILE")]
    pub(crate) root: PathBuf,
    /// The recipient's RSA public key: SubjectPublicKeyInfo in DER
    #[arg(long, value_name = "FILE")]
    pub(crate) public_key: PathBuf,
    /// A platform configuration register, 96 hexadecimal digits; those that are not given are zero
    #[arg(long = "pcr", value_name = "INDEX=HEX", value_parser = register)]
    pub(crate) pcrs: Vec<(u8, Vec<u8>)>,
}

/// Reads `INDEX=HEX`.
fn register(text: &str) -> Result<(u8, Vec<u8>), &'static str> {
    const FORM: &str = "a register is given as INDEX=HEX, with an index of 0 to 31 and 96 hexadecimal digits";
    let (index, value) = text.split_once('=').ok_or(FORM)?;
    let index = index.parse().ok().filter(|index| *index < 32).ok_or(FORM)?;
    let value = hex::decode(value).ok().filter(|value| value.len() == 48).ok_or(FORM)?;
    Ok((index, value))
}

/// Flags win over the environment, which wins over the file.
#[derive(Debug, Default, Args)]
pub(crate) struct StartArguments {
    /// A YAML file with the keys that differ from the built-in configuration
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one [default: 127.0.0.1:4566]
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Where to keep keys and all other state [default: ./trent-data]
    #[arg(long, value_name = "DIR", conflicts_with = "ephemeral")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Keep everything in memory and forget it at the end
    #[arg(long)]
    pub(crate) ephemeral: bool,
    /// A file with keys that exist from the start, or a directory of such files; may be given again
    #[arg(long, value_name = "FILE")]
    pub(crate) seed: Vec<PathBuf>,
}

const CONFIGURATION: &str = "\
Environment:
  TRENT_<KEY>      Any key of the configuration; two underscores go one level down:
                   TRENT_LISTEN=0.0.0.0:4566, TRENT_SERVICES__STS__ENABLED=false
  TRENT_LOG        What to log: off, error, warn, info, debug, trace, or by module
  SERVICES         The services to run, comma-separated: kms,sts
  GATEWAY_LISTEN   Where to listen
  KMS_SEED_PATH    A file with keys that exist from the start
  KMS_ACCOUNT_ID, KMS_REGION
                   Where the keys in it are that name no account or Region";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn registers_have_an_index_and_48_bytes() {
        assert_eq!(register(&format!("31={}", "0f".repeat(48))), Ok((31, vec![0x0f; 48])));
        for wrong in ["", "0", "0=", "0=00", &format!("32={}", "00".repeat(48)), &format!("x={}", "00".repeat(48))] {
            assert!(register(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn state_is_either_kept_or_not() {
        let refused = Cli::try_parse_from(["trent", "start", "--ephemeral", "--data-dir", "a"]).expect_err("refused");
        assert_eq!(refused.kind(), clap::error::ErrorKind::ArgumentConflict);
    }
}
