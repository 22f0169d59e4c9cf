//! The second factor at login: the six digits that an app shows for half a minute (TOTP, RFC 6238), or one of the
//! recovery codes that were written down for the day when the app is gone.

use std::fmt;

use totp_rs::{Algorithm, Builder, Secret, Totp};

use crate::clock::UnixMillis;
use crate::id::UserId;
use crate::problem::Problem;
use crate::secret::{self, Random};

/// Digits of an app's code.
const DIGITS: u8 = 6;
/// Seconds for which a code is shown (RFC 6238, section 5.2).
const STEP: u64 = 30;
/// Steps before and after the present one whose codes are taken as well: clocks differ, and typing takes time.
const TOLERANCE: u16 = 1;
/// How many recovery codes are made at a time.
pub const RECOVERY_CODES: usize = 10;
/// Characters of a recovery code, five bits each: 80 bits are beyond guessing, also with the table of hashes at hand.
const RECOVERY_LENGTH: usize = 16;
/// Crockford's digits: none of them is taken for another when it is read from paper.
const RECOVERY_DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// What an app and the service share, in Base32. It is never printed, and stored encrypted.
#[derive(Clone, PartialEq, Eq)]
pub struct SharedSecret(String);

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSecret")
    }
}

impl SharedSecret {
    /// 160 random bits, the length that RFC 4226 recommends (section 4, R6).
    pub fn new(random: &dyn Random) -> Self {
        let mut bytes = [0_u8; 20];
        random.fill(&mut bytes);
        Self(Secret::new_stack(bytes).to_base32())
    }

    /// The secret as it was stored, decrypted.
    pub fn revealed(base32: String) -> Self {
        Self(base32)
    }

    /// The secret to be encrypted and stored.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The secret as people type it into an app that cannot read the picture: in groups of four.
    pub fn for_typing(&self) -> String {
        grouped(&self.0, " ")
    }

    /// The address that apps read from a picture (`otpauth://totp/…`), named after the service and the account; `None` if
    /// what is stored is no secret.
    pub fn address(&self, service: &str, account: &str) -> Option<String> {
        // A colon separates the two, and stands in neither.
        let [service, account] = [service, account].map(|name| name.replace(':', " "));
        let builder = self.builder()?.with_issuer(Some(service)).with_account_name(account);
        builder.build().ok()?.to_url().ok()
    }

    /// The time step whose code this is, if it is one of those that are taken now. It is up to the caller to take no step
    /// twice (RFC 6238, section 5.2). The comparison takes as long for every wrong code.
    pub fn step_of(&self, digits: &str, now: UnixMillis) -> Option<i64> {
        let step = self.totp()?.check(digits, seconds(now))?;
        i64::try_from(step).ok()
    }

    /// The code of a time, for tests that hold the app.
    pub fn code_at(&self, time: UnixMillis) -> Option<String> {
        Some(self.totp()?.generate(seconds(time)).to_string())
    }

    fn totp(&self) -> Option<Totp> {
        Some(self.builder()?.build_noncompliant())
    }

    fn builder(&self) -> Option<Builder> {
        let secret = Secret::try_from_base32(&self.0).ok()?;
        // What every app understands: many take other settings and do not keep to them.
        let builder = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(DIGITS).with_step_duration(STEP);
        Some(builder.with_skew(TOLERANCE).with_secret(secret))
    }
}

fn seconds(time: UnixMillis) -> u64 {
    u64::try_from(time.0 / 1_000).unwrap_or(0)
}

/// A code that is kept on paper and lets someone in once.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecoveryCode(String);

/// Not the code itself: it may be right.
impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode")
    }
}

impl RecoveryCode {
    /// A new one.
    pub fn new(random: &dyn Random) -> Self {
        let mut bytes = [0_u8; RECOVERY_LENGTH];
        random.fill(&mut bytes);
        // 256 is a multiple of 32, so that every digit is as likely.
        Self(bytes.iter().map(|byte| char::from(RECOVERY_DIGITS[usize::from(byte % 32)])).collect())
    }

    /// As many as someone has at a time.
    pub fn several(random: &dyn Random) -> Vec<Self> {
        (0..RECOVERY_CODES).map(|_| Self::new(random)).collect()
    }

    /// The code as it is written down: `4d7k-9q2x-…`.
    pub fn written(&self) -> String {
        grouped(&self.0, "-")
    }

    /// What is stored of it: its hash together with the person's number, so that one search through all codes does not
    /// find everyone's at once.
    pub fn hash_for(&self, user: UserId) -> String {
        secret::hash(&format!("{user} {}", self.0))
    }
}

/// In groups of four.
fn grouped(text: &str, between: &str) -> String {
    let groups: Vec<&str> = (0..text.len()).step_by(4).filter_map(|at| text.get(at..at + 4)).collect();
    groups.join(between)
}

/// What is typed when a second factor is asked for.
#[derive(Clone, PartialEq, Eq)]
pub enum Code {
    /// Six digits of the app.
    App(String),
    /// One of the recovery codes.
    Recovery(RecoveryCode),
}

/// Not the code itself: it may be right.
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::App(_) => "Code::App",
            Self::Recovery(_) => "Code::Recovery",
        })
    }
}

impl Code {
    /// Reads a code as people type it: with spaces or hyphens, in capitals, with the letter for the digit.
    pub fn parse(typed: &str) -> Result<Self, Problem> {
        let typed: String = typed.chars().filter(|c| !c.is_whitespace() && !"-–—".contains(*c)).take(100).collect();
        if typed.is_empty() {
            return Err(Problem::new("problem-required"));
        }
        if typed.len() == usize::from(DIGITS) && typed.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self::App(typed));
        }
        let read: Option<String> = typed.chars().map(recovery_digit).collect();
        match read {
            Some(code) if code.len() == RECOVERY_LENGTH => Ok(Self::Recovery(RecoveryCode(code))),
            _ => Err(Problem::new("problem-code-shape").with("digits", DIGITS)),
        }
    }
}

fn recovery_digit(typed: char) -> Option<char> {
    let digit = match typed.to_ascii_lowercase() {
        'o' => '0',
        'i' | 'l' => '1',
        digit => digit,
    };
    (digit.is_ascii() && RECOVERY_DIGITS.contains(&(digit as u8))).then_some(digit)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::secret::SystemRandom;

    /// RFC 6238, appendix B: `12345678901234567890` in Base32.
    fn known() -> SharedSecret {
        SharedSecret("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".into())
    }

    fn at(seconds: i64) -> UnixMillis {
        UnixMillis(seconds * 1_000)
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // Appendix B has eight digits, of which six are the last ones (RFC 4226, section 5.3).
        for (seconds, code) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(known().code_at(at(seconds)).unwrap(), &code[2..], "{seconds}");
            assert_eq!(known().step_of(&code[2..], at(seconds)), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn one_step_before_and_after_is_taken_and_no_more() {
        let now = at(1_234_567_890);
        let step = 1_234_567_890 / 30;
        for (offset, taken) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let code = known().code_at(at(1_234_567_890 + offset * 30)).unwrap();
            assert_eq!(known().step_of(&code, now), taken.then_some(step + offset), "{offset}");
        }
        // The beginning and the end of a step are the same step.
        let code = known().code_at(at(60)).unwrap();
        assert_eq!([known().step_of(&code, at(60)), known().step_of(&code, UnixMillis(89_999))], [Some(2); 2]);
        for wrong in ["", "12345", "1234567", "+12345", "12 345", "abcdef"] {
            assert_eq!(known().step_of(wrong, now), None, "{wrong}");
        }
    }

    #[test]
    fn a_new_secret_has_160_bits_can_be_typed_and_is_not_printed() {
        let secret = SharedSecret::new(&SystemRandom);
        assert_ne!(secret, SharedSecret::new(&SystemRandom));
        let typed = secret.for_typing();
        assert_eq!(typed.split(' ').map(str::len).collect::<Vec<_>>(), [4; 8]);
        assert!(typed.chars().all(|c| c == ' ' || c.is_ascii_uppercase() || ('2'..='7').contains(&c)), "{typed}");
        assert_eq!(format!("{secret:?}"), "SharedSecret");
    }

    #[test]
    fn the_address_names_service_and_account() {
        let address = known().address("Вестник: север", "\"a:b\"@example.com").unwrap();
        assert!(address.starts_with("otpauth://totp/"), "{address}");
        let read = Totp::from_url(&address).unwrap();
        assert_eq!(read.issuer(), Some("Вестник  север"));
        assert_eq!(read.account_name(), "\"a b\"@example.com");
        assert_eq!((read.secret().as_bytes(), read.digits(), read.step()), (b"12345678901234567890".as_slice(), 6, 30));
    }

    #[test]
    fn codes_are_read_as_people_type_them() {
        for typed in ["123456", " 123 456 ", "123-456"] {
            assert_eq!(Code::parse(typed), Ok(Code::App("123456".into())), "{typed}");
        }
        let recovery = Code::Recovery(RecoveryCode("01234567890abcd1".into()));
        for typed in ["0123-4567-890a-bcd1", "0123 4567 890A BCDL", "o1234567890abcdi", "0123–4567–890a–bcd1"] {
            assert_eq!(Code::parse(typed), Ok(recovery.clone()), "{typed}");
        }
        assert_eq!(Code::parse(" - ").unwrap_err().id, "problem-required");
        for wrong in ["12345", "1234567", "0123-4567-890a-bcd", "0123-4567-890a-bcd12", "0123-4567-890a-bcdu", "١٢٣٤٥٦"]
        {
            assert_eq!(Code::parse(wrong).unwrap_err().id, "problem-code-shape", "{wrong}");
        }
        assert_eq!(format!("{recovery:?} {:?}", Code::App("1".into())), "Code::Recovery Code::App");
    }

    #[test]
    fn recovery_codes_differ_are_read_back_and_hashed_for_one_person() {
        let codes: BTreeSet<RecoveryCode> = RecoveryCode::several(&SystemRandom).into_iter().collect();
        assert_eq!(codes.len(), RECOVERY_CODES);
        for code in &codes {
            let written = code.written();
            assert_eq!(written.split('-').map(str::len).collect::<Vec<_>>(), [4; 4], "{written}");
            assert_eq!(Code::parse(&written.to_uppercase()), Ok(Code::Recovery(code.clone())));
            assert_ne!(code.hash_for(UserId(1)), code.hash_for(UserId(2)));
        }
    }
}
