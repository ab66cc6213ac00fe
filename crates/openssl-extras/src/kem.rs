#![expect(unsafe_code, reason = "the openssl crate has no key encapsulation")]

use std::ptr;

use foreign_types::ForeignTypeRef;
use openssl::error::ErrorStack;
use openssl::pkey::{HasPrivate, HasPublic, PKeyRef};
use openssl::pkey_ctx::PkeyCtx;
use zeroize::Zeroizing;

use crate::succeeded;

/// A fresh shared secret and the ciphertext from which the private key's owner regains it.
pub struct Encapsulation {
    pub ciphertext: Vec<u8>,
    pub shared_secret: Zeroizing<Vec<u8>>,
}

/// Makes a shared secret for the owner of a KEM key such as ML-KEM (FIPS 203 §7.2). Fails for keys of other algorithms.
pub fn encapsulate<T: HasPublic>(key: &PKeyRef<T>) -> Result<Encapsulation, ErrorStack> {
    let ctx = PkeyCtx::new(key)?;
    // SAFETY: `ctx` is a live context; a null list of parameters means none.
    succeeded(unsafe { openssl_sys::EVP_PKEY_encapsulate_init(ctx.as_ptr(), ptr::null()) })?;
    let (mut ciphertext_len, mut secret_len) = (0, 0);
    // SAFETY: `ctx` is live and initialised; null buffers ask for the two lengths, which are live locals.
    succeeded(unsafe {
        openssl_sys::EVP_PKEY_encapsulate(
            ctx.as_ptr(),
            ptr::null_mut(),
            &raw mut ciphertext_len,
            ptr::null_mut(),
            &raw mut secret_len,
        )
    })?;
    let mut ciphertext = vec![0; ciphertext_len];
    let mut shared_secret = Zeroizing::new(vec![0; secret_len]);
    // SAFETY: `ctx` is live and initialised; both buffers are writable for the lengths passed with them, which OpenSSL
    // never exceeds and corrects to what it wrote.
    succeeded(unsafe {
        openssl_sys::EVP_PKEY_encapsulate(
            ctx.as_ptr(),
            ciphertext.as_mut_ptr(),
            &raw mut ciphertext_len,
            shared_secret.as_mut_ptr(),
            &raw mut secret_len,
        )
    })?;
    ciphertext.truncate(ciphertext_len);
    shared_secret.truncate(secret_len);
    Ok(Encapsulation { ciphertext, shared_secret })
}

/// Regains the shared secret from a ciphertext. A ciphertext of the wrong length is an error; any other that was not
/// made for this key yields a secret that nobody else knows (implicit rejection, FIPS 203 §7.3).
pub fn decapsulate<T: HasPrivate>(key: &PKeyRef<T>, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, ErrorStack> {
    let ctx = PkeyCtx::new(key)?;
    // SAFETY: `ctx` is a live context; a null list of parameters means none.
    succeeded(unsafe { openssl_sys::EVP_PKEY_decapsulate_init(ctx.as_ptr(), ptr::null()) })?;
    let mut secret_len = 0;
    // SAFETY: `ctx` is live and initialised; a null buffer asks for the length, which is a live local; the ciphertext
    // is readable for the length passed with it.
    succeeded(unsafe {
        openssl_sys::EVP_PKEY_decapsulate(
            ctx.as_ptr(),
            ptr::null_mut(),
            &raw mut secret_len,
            ciphertext.as_ptr(),
            ciphertext.len(),
        )
    })?;
    let mut shared_secret = Zeroizing::new(vec![0; secret_len]);
    // SAFETY: `ctx` is live and initialised; the buffer is writable and the ciphertext readable for the lengths passed
    // with them; OpenSSL never exceeds the first and corrects it to what it wrote.
    succeeded(unsafe {
        openssl_sys::EVP_PKEY_decapsulate(
            ctx.as_ptr(),
            shared_secret.as_mut_ptr(),
            &raw mut secret_len,
            ciphertext.as_ptr(),
            ciphertext.len(),
        )
    })?;
    shared_secret.truncate(secret_len);
    Ok(shared_secret)
}
