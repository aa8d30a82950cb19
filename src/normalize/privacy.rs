//! Who is who without saying it: keyed hashes of phone numbers and ids.
//!
//! Owns: what makes two phone numbers the same, and how their hashes are made. Leaves to `erased`: which of the API's
//! rows are left out because of them.

use super::Hash;
use std::fmt;

/// The key of the mirror's operator, of which the database knows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivacyKey([u8; 32]);

impl fmt::Debug for PrivacyKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PrivacyKey").finish_non_exhaustive()
    }
}

/// What can be erased, and is remembered by its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErasedKind {
    /// A phone number.
    Phone,
    /// A call's id.
    Call,
    /// The id of a row.
    Row,
}

impl ErasedKind {
    /// The word for it in `revox_sync.erased`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Call => "call",
            Self::Row => "row",
        }
    }
}

impl PrivacyKey {
    /// The key that the bytes of a secret make, at least 32 of them.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(blake3::derive_key("revox-mirror 2026 phone numbers and ids of people", secret))
    }

    /// The hash of a phone number, however it is written.
    #[must_use]
    pub fn phone(&self, number: &str) -> Hash {
        self.hash(ErasedKind::Phone.as_str(), &bare_number(number))
    }

    /// The hash of what is erased; of a phone number, however it is written.
    #[must_use]
    pub fn erased(&self, kind: ErasedKind, value: &str) -> Hash {
        match kind {
            ErasedKind::Phone => self.phone(value),
            ErasedKind::Call | ErasedKind::Row => self.hash(kind.as_str(), value),
        }
    }

    /// By which another key is told from this one.
    #[must_use]
    pub fn check(&self) -> Hash {
        self.hash("key", "")
    }

    fn hash(&self, kind: &str, value: &str) -> Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(kind.as_bytes()).update(b"\0").update(value.as_bytes());
        let mut hash = Hash::default();
        hasher.finalize_xof().fill(&mut hash);
        hash
    }
}

/// What of a phone number makes it this one: its digits, without `00` in place of `+` and a zero in parentheses that
/// is not dialled. What has no digits is compared as text.
#[must_use]
pub fn bare_number(number: &str) -> String {
    let digits: String = number.replace("(0)", "").chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() {
        return number.trim().to_lowercase();
    }
    digits.strip_prefix("00").map_or_else(|| digits.clone(), ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_hash_however_it_is_written() {
        let key = PrivacyKey::new(&[7; 32]);
        for (written, bare) in [
            ("+33612345678", "33612345678"),
            ("33612345678", "33612345678"),
            ("0033612345678", "33612345678"),
            ("+33 6 12 34 56 78", "33612345678"),
            ("+33 (0)6-12.34/56 78", "33612345678"),
            ("tel:+33612345678", "33612345678"),
            ("0612345678", "0612345678"),
            (" Anonymous ", "anonymous"),
            ("", ""),
        ] {
            assert_eq!(bare_number(written), bare, "{written}");
            assert_eq!(key.phone(written), key.phone(bare), "{written}");
        }
        assert_ne!(key.phone("33612345678"), key.phone("33612345679"));
    }

    #[test]
    fn hashes_differ_by_kind_and_key() {
        let (key, other) = (PrivacyKey::new(&[7; 32]), PrivacyKey::new(&[8; 32]));
        assert_ne!(key.erased(ErasedKind::Call, "1"), key.erased(ErasedKind::Row, "1"));
        assert_ne!(key.erased(ErasedKind::Call, "1"), key.erased(ErasedKind::Phone, "1"));
        assert_ne!(key.erased(ErasedKind::Call, "1"), other.erased(ErasedKind::Call, "1"));
        assert_ne!(key.check(), other.check());
        assert_eq!(format!("{key:?}"), "PrivacyKey { .. }");
    }
}
