//! The API's generated enums and kms-core's say the same things under AWS's names; this turns one into the other.

use std::str::FromStr;

use trent_shared::ApiError;

/// The value of another enum that has the same AWS name.
pub(crate) fn same_name<T: FromStr>(name: &str) -> Result<T, ApiError> {
    name.parse().map_err(|_| {
        tracing::error!(name, "a name of AWS is known on one side only");
        ApiError::internal_failure()
    })
}

#[cfg(test)]
mod tests {
    use crate::api;

    #[test]
    fn both_sides_know_the_same_names() {
        macro_rules! same {
            ($($api:ident = $core:ident;)*) => {$(
                let mut api: Vec<&str> = api::$api::ALL.iter().map(|value| value.as_str()).collect();
                let mut core: Vec<&str> = trent_kms_core::$core::ALL.iter().map(|value| value.as_str()).collect();
                api.sort_unstable();
                core.sort_unstable();
                assert_eq!(api, core);
            )*};
        }
        same! {
            KeySpec = KeySpec;
            KeyUsageType = KeyUsage;
            OriginType = KeyOrigin;
            KeyState = KeyState;
            DataKeySpec = DataKeySpec;
            DataKeyPairSpec = DataKeyPairSpec;
            MessageType = MessageType;
            EncryptionAlgorithmSpec = EncryptionAlgorithm;
            SigningAlgorithmSpec = SigningAlgorithm;
            MacAlgorithmSpec = MacAlgorithm;
            KeyAgreementAlgorithmSpec = KeyAgreementAlgorithm;
            EncapsulationAlgorithmSpec = EncapsulationAlgorithm;
            GrantOperation = GrantOperation;
        }
    }
}
