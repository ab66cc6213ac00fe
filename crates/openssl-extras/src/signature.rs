#![expect(unsafe_code, reason = "the openssl crate sets none of these parameters")]

use std::ffi::{CStr, c_char, c_int};

use foreign_types::ForeignTypeRef;
use openssl::error::ErrorStack;
use openssl::pkey_ctx::PkeyCtxRef;
use openssl_sys::{EVP_PKEY_CTX, OSSL_PARAM};

use crate::succeeded;

/// Makes an ML-DSA context, as `MdCtx::digest_sign_init` or `digest_verify_init` return it, take the 64 bytes of µ in
/// the place of the message (FIPS 204 §6.2, "external mu").
pub fn use_external_mu<T>(ctx: &mut PkeyCtxRef<T>) -> Result<(), ErrorStack> {
    let mut yes: c_int = 1;
    // SAFETY: the key is a constant; `yes` outlives the parameter, which is used up below.
    let mu = unsafe { OSSL_PARAM_construct_int(c"mu".as_ptr(), &raw mut yes) };
    set(ctx, c"mu", mu)
}

/// Makes an Ed25519 context, as `MdCtx::digest_sign_init` or `digest_verify_init` return it, sign the SHA-512 of the
/// message, which OpenSSL computes, as Ed25519ph with an empty context (RFC 8032 §5.1).
pub fn use_ed25519ph<T>(ctx: &mut PkeyCtxRef<T>) -> Result<(), ErrorStack> {
    const NAME: &CStr = c"Ed25519ph";
    // SAFETY: key and value are constants. OpenSSL takes the value as mutable for the sake of getters alone; a setter
    // reads it.
    let instance =
        unsafe { OSSL_PARAM_construct_utf8_string(c"instance".as_ptr(), NAME.as_ptr().cast_mut(), NAME.count_bytes()) };
    set(ctx, c"instance", instance)
}

/// Gives an SM2 context, as `MdCtx::digest_sign_init` or `digest_verify_init` return it, the signer's distinguishing
/// id, which is hashed in front of the message (GB/T 32918.2 §5.5). OpenSSL has no default for it.
pub fn set_distinguishing_id<T>(ctx: &mut PkeyCtxRef<T>, id: &[u8]) -> Result<(), ErrorStack> {
    // SAFETY: the key is a constant, and `id` outlives the parameter, which is used up below. OpenSSL takes the value
    // as mutable for the sake of getters alone; a setter reads it.
    let dist_id = unsafe {
        openssl_sys::OSSL_PARAM_construct_octet_string(c"distid".as_ptr(), id.as_ptr().cast_mut().cast(), id.len())
    };
    set(ctx, c"distid", dist_id)
}

/// Sets one parameter, which must live through the call. OpenSSL ignores parameters that an algorithm does not know;
/// signing something else than was asked for must not happen silently, so that they are refused here.
fn set<T>(ctx: &mut PkeyCtxRef<T>, name: &CStr, parameter: OSSL_PARAM) -> Result<(), ErrorStack> {
    // SAFETY: `ctx` is live; the table that is returned belongs to the provider and is only passed to the next call.
    let settable = unsafe { EVP_PKEY_CTX_settable_params(ctx.as_ptr()) };
    // SAFETY: null or a terminated table is what this function takes; `name` is terminated.
    let known = unsafe { openssl_sys::OSSL_PARAM_locate_const(settable, name.as_ptr()) };
    if known.is_null() {
        return Err(ErrorStack::get());
    }
    // SAFETY: no arguments to get wrong.
    let end = unsafe { openssl_sys::OSSL_PARAM_construct_end() };
    let list = [parameter, end];
    // SAFETY: `ctx` is live; the list is terminated and, with what it points to, outlives the call.
    succeeded(unsafe { openssl_sys::EVP_PKEY_CTX_set_params(ctx.as_ptr(), list.as_ptr()) })
}

// As <openssl/params.h> and <openssl/evp.h> of OpenSSL 3 declare them; openssl-sys has no declarations.
unsafe extern "C" {
    fn OSSL_PARAM_construct_int(key: *const c_char, buf: *mut c_int) -> OSSL_PARAM;
    fn OSSL_PARAM_construct_utf8_string(key: *const c_char, buf: *mut c_char, bsize: usize) -> OSSL_PARAM;
    fn EVP_PKEY_CTX_settable_params(ctx: *const EVP_PKEY_CTX) -> *const OSSL_PARAM;
}
