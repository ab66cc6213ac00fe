//! One file per operation; the generated dispatch calls the function of the same name.

pub(crate) mod cancel_key_deletion;
pub(crate) mod create_alias;
pub(crate) mod create_key;
pub(crate) mod decrypt;
pub(crate) mod delete_alias;
pub(crate) mod describe_key;
pub(crate) mod disable_key;
pub(crate) mod enable_key;
pub(crate) mod encrypt;
pub(crate) mod generate_data_key;
pub(crate) mod generate_data_key_without_plaintext;
pub(crate) mod generate_random;
pub(crate) mod get_key_policy;
pub(crate) mod list_aliases;
pub(crate) mod list_key_policies;
pub(crate) mod list_keys;
pub(crate) mod list_resource_tags;
pub(crate) mod put_key_policy;
pub(crate) mod re_encrypt;
pub(crate) mod schedule_key_deletion;
pub(crate) mod tag_resource;
pub(crate) mod untag_resource;
pub(crate) mod update_alias;
pub(crate) mod update_key_description;
