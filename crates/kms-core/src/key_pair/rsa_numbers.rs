//! Whether the eight numbers of an RSA private key (RFC 8017 §3.2) belong together.

use openssl::bn::{BigNum, BigNumContext, BigNumRef};
use openssl::error::ErrorStack;
use openssl::pkey::Private;
use openssl::rsa::Rsa;

use super::pkcs8;

/// Whether a PKCS#8 encoding holds a key with a modulus of that many bits, and numbers that follow from its two primes
/// and public exponent. Cheap; that the primes are prime is [`are_prime`]'s to say.
pub(super) fn are_consistent(info: &[u8], bits: u32) -> Option<bool> {
    let rsa = read(info)?;
    let (p, q) = (rsa.p()?, rsa.q()?);
    let (exponents, coefficient) = ((rsa.dmp1()?, rsa.dmq1()?), rsa.iqmp()?);
    let check = || -> Result<bool, ErrorStack> {
        let mut ctx = BigNumContext::new_secure()?;
        let one = BigNum::from_u32(1)?;
        let mut product = |a: &BigNumRef, b: &BigNumRef, modulus: Option<&BigNumRef>| -> Result<BigNum, ErrorStack> {
            let mut product = BigNum::new_secure()?;
            match modulus {
                Some(modulus) => product.mod_mul(a, b, modulus, &mut ctx)?,
                None => product.checked_mul(a, b, &mut ctx)?,
            }
            Ok(product)
        };
        let mut exponents_fit = |prime: &BigNumRef, exponent: &BigNumRef| -> Result<bool, ErrorStack> {
            let mut prime_less_1 = BigNum::new_secure()?;
            prime_less_1.checked_sub(prime, &one)?;
            Ok(product(rsa.d(), &one, Some(&prime_less_1))? == *exponent
                && product(exponent, rsa.e(), Some(&prime_less_1))? == one)
        };
        Ok(rsa.n().num_bits() == i32::try_from(bits).unwrap_or(0)
            && rsa.e() > &one
            // OpenSSL neither verifies nor encrypts by other public exponents (rsa_ossl.c).
            && rsa.e() < rsa.n()
            && (bits <= 3072 || rsa.e().num_bits() <= 64)
            && p > &one
            && q > &one
            && exponents_fit(p, exponents.0)?
            && exponents_fit(q, exponents.1)?
            && product(p, q, None)? == *rsa.n()
            && product(coefficient, q, Some(p))? == one)
    };
    check().ok()
}

/// Whether both primes are prime. Costly: 64 rounds of Miller-Rabin or more for each.
pub(super) fn are_prime(info: &[u8]) -> Option<bool> {
    let rsa = read(info)?;
    let mut ctx = BigNumContext::new_secure().ok()?;
    let mut is_prime = |number: &BigNumRef| number.is_prime(64, &mut ctx).unwrap_or(false);
    Some(is_prime(rsa.p()?) && is_prime(rsa.q()?))
}

fn read(info: &[u8]) -> Option<Rsa<Private>> {
    Rsa::private_key_from_der(pkcs8::private_key(info)?).ok()
}
