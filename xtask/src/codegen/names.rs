//! Names of the model turned into names of Rust.

/// `AWSAccountId` → `aws_account_id`; `KeyId` → `key_id`.
pub(super) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let previous = index.checked_sub(1).map(|i| letters[i]);
        let next = letters.get(index + 1);
        let starts_word = letter.is_uppercase()
            && previous.is_some_and(|p| !p.is_uppercase() || next.is_some_and(|n| n.is_lowercase()));
        if starts_word {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// A member's field: `KeyId` → `key_id`; the one keyword among the names is escaped.
pub(super) fn field(name: &str) -> String {
    let field = snake(name);
    if field == "type" { "r#type".to_owned() } else { field }
}

/// `decodedMessageType` → `DecodedMessageType`.
pub(super) fn camel(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The name of a shape's static: `ENCRYPT_REQUEST`.
pub(super) fn constant(name: &str) -> String {
    snake(name).to_uppercase()
}

/// An enum value's variant: `RSA_2048` → `Rsa2048`, `aws-managed` → `AwsManaged`, `PendingDeletion` stays.
pub(super) fn variant(value: &str) -> String {
    if value.contains(['-', '/']) {
        return value.split(['-', '/']).map(camel).collect();
    }
    if value.chars().any(char::is_lowercase) {
        return camel(value);
    }
    let variant: String = value.split('_').map(|word| camel(&word.to_lowercase())).collect();
    // The one keyword that is spelt like a variant.
    if variant == "Self" { "Self_".to_owned() } else { variant }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_rust() {
        assert_eq!(snake("AWSAccountId"), "aws_account_id");
        assert_eq!(snake("KMSInvalidStateException"), "kms_invalid_state_exception");
        assert_eq!(snake("decodedMessageType"), "decoded_message_type");
        assert_eq!(variant("ECC_NIST_P256"), "EccNistP256");
        assert_eq!(variant("ReEncryptFrom"), "ReEncryptFrom");
        assert_eq!(variant("aws-managed"), "AwsManaged");
        assert_eq!(field("Type"), "r#type");
    }
}
