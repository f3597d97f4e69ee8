//! Passwords, hashed with Argon2id (RFC 9106) and kept as PHC strings.
//!
//! One hash takes about 20 ms and 19 MiB on purpose: run it on the blocking pool, behind a permit.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error, PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

use super::CryptError;
use crate::deps::Random;

const SALT_LEN: usize = 16;

/// Hashes and verifies passwords with one set of parameters.
#[derive(Debug, Clone)]
pub struct Passwords {
    argon: Argon2<'static>,
}

/// What came of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Right,
    /// Right, but hashed with other parameters than today's: hash it again now that it is at hand.
    RightButOutdated,
    Wrong,
}

impl Default for Passwords {
    /// 19 MiB, two passes, one lane: the first recommendation of OWASP's password storage cheat sheet.
    fn default() -> Self {
        Self::with_params(Params::DEFAULT)
    }
}

impl Passwords {
    /// The least that Argon2 allows: for tests, which hash many passwords that protect nothing.
    pub fn cheap() -> Self {
        let cheapest = Params::new(Params::MIN_M_COST, Params::MIN_T_COST, Params::MIN_P_COST, None);
        Self::with_params(cheapest.unwrap_or(Params::DEFAULT))
    }

    fn with_params(params: Params) -> Self {
        Self { argon: Argon2::new(Algorithm::Argon2id, Version::V0x13, params) }
    }

    /// The PHC string to store.
    pub fn hash(&self, password: &str, random: &dyn Random) -> Result<String, CryptError> {
        let mut salt = [0; SALT_LEN];
        random.fill(&mut salt);
        let hash = self.argon.hash_password_with_salt(password.as_bytes(), &salt).map_err(failed)?;
        Ok(hash.to_string())
    }

    /// Compares a password with a stored hash, whatever parameters it was made with.
    pub fn verify(&self, password: &str, stored: &str) -> Result<Verdict, CryptError> {
        let hash = PasswordHash::new(stored).map_err(failed)?;
        match self.argon.verify_password(password.as_bytes(), &hash) {
            Ok(()) if self.made_like_this(&hash) => Ok(Verdict::Right),
            Ok(()) => Ok(Verdict::RightButOutdated),
            Err(Error::PasswordInvalid) => Ok(Verdict::Wrong),
            Err(error) => Err(failed(error)),
        }
    }

    /// The work of a `verify` that fails, for a user who does not exist: the time of an answer must not tell which.
    pub fn verify_nobody(&self, password: &str) -> Verdict {
        let mut out = [0; Params::DEFAULT_OUTPUT_LEN];
        // Nobody is never right, also when there was no memory for the work.
        let _ = self.argon.hash_password_into(password.as_bytes(), &[0; SALT_LEN], &mut out);
        Verdict::Wrong
    }

    fn made_like_this(&self, hash: &PasswordHash) -> bool {
        let ours = self.argon.params();
        hash.algorithm == Algorithm::Argon2id.ident()
            && Params::try_from(hash).is_ok_and(|params| {
                (params.m_cost(), params.t_cost(), params.p_cost()) == (ours.m_cost(), ours.t_cost(), ours.p_cost())
            })
    }
}

fn failed(error: impl std::fmt::Display) -> CryptError {
    CryptError::Password(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::test_random::Counting;
    use super::*;

    #[test]
    fn the_right_password_is_right_and_no_other() {
        let (passwords, random) = (Passwords::cheap(), Counting::default());
        let stored = passwords.hash("correct horse", &random).expect("hashed");
        assert_eq!(passwords.verify("correct horse", &stored).expect("verified"), Verdict::Right);
        assert_eq!(passwords.verify("correct horsf", &stored).expect("verified"), Verdict::Wrong);
        assert_eq!(passwords.verify("", &stored).expect("verified"), Verdict::Wrong);
        assert_eq!(passwords.verify_nobody("correct horse"), Verdict::Wrong);
    }

    #[test]
    fn the_same_password_gives_another_hash_each_time() {
        let (passwords, random) = (Passwords::cheap(), Counting::default());
        assert_ne!(passwords.hash("x", &random).expect("hashed"), passwords.hash("x", &random).expect("hashed"));
    }

    #[test]
    fn a_hash_with_other_parameters_is_right_but_outdated() {
        let random = Counting::default();
        let stored = Passwords::cheap().hash("secret", &random).expect("hashed");
        assert_eq!(Passwords::default().verify("secret", &stored).expect("verified"), Verdict::RightButOutdated);
    }

    #[test]
    fn the_parameters_are_the_documented_ones() {
        let stored = Passwords::default().hash("secret", &Counting::default()).expect("hashed");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
    }

    #[test]
    fn rubbish_is_an_error_and_not_a_wrong_password() {
        assert!(Passwords::cheap().verify("x", "not a hash").is_err());
    }
}
