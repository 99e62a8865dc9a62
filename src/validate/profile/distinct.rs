//! How many different values a column has, in bounded memory: exact up to [`EXACT`], an estimate beyond. Boundary: counts bytes, knows no
//! types.
//!
//! The estimate is a `HyperLogLog` of 2¹⁴ registers, whose standard error is 1.04/√2¹⁴ = 0.8 %, read with Ertl's estimator ("New
//! cardinality estimation algorithms for `HyperLogLog` sketches", 2017), which needs no table of corrections.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use siphasher::sip::SipHasher13;

/// The most different values that are counted exactly.
pub(super) const EXACT: usize = 4_096;
/// Bits of a hash that choose a register.
const BITS: u32 = 14;
const REGISTERS: usize = 1 << BITS;
/// The largest rank that the rest of a hash can have.
const RANKS: usize = 64 - BITS as usize;

/// What is hashed already is not hashed again.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(0, |hash, byte| hash << 8 | u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// Different values, told apart by 64 bits of hash: of 4,096 values two are taken for one with a probability of 5·10⁻¹³.
pub(super) struct Distinct {
    few: HashSet<u64, BuildHasherDefault<AsItIs>>,
    many: Option<Box<[u8]>>,
}

impl Distinct {
    pub fn new() -> Self {
        Self { few: HashSet::default(), many: None }
    }

    /// Counts a value; says whether it is known to be a new one.
    pub fn add(&mut self, value: &[u8]) -> bool {
        // A fixed key: a report of the same rows says the same.
        let mut hasher = SipHasher13::new();
        hasher.write(value);
        let hash = hasher.finish();
        if let Some(registers) = &mut self.many {
            raise(registers, hash);
            return false;
        }
        let new = self.few.insert(hash);
        if self.few.len() > EXACT {
            let mut registers = vec![0; REGISTERS].into_boxed_slice();
            for hash in std::mem::take(&mut self.few) {
                raise(&mut registers, hash);
            }
            self.many = Some(registers);
        }
        new
    }

    /// Whether the count is exact.
    pub fn is_exact(&self) -> bool {
        self.many.is_none()
    }

    /// How many different values there were.
    pub fn count(&self) -> u64 {
        self.many.as_ref().map_or(self.few.len() as u64, |registers| estimate(registers))
    }
}

fn raise(registers: &mut [u8], hash: u64) {
    let at = usize::try_from(hash >> (64 - BITS)).unwrap_or(0);
    // The position of the first set bit behind those that chose the register; at most 50, and one more where there is none.
    let rank = (hash << BITS).leading_zeros().min(64 - BITS) + 1;
    registers[at] = registers[at].max(u8::try_from(rank).unwrap_or(u8::MAX));
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate, far below 2^52")]
fn estimate(registers: &[u8]) -> u64 {
    let mut with_rank = [0_u32; RANKS + 2];
    for rank in registers {
        with_rank[usize::from(*rank).min(RANKS + 1)] += 1;
    }
    let all = REGISTERS as f64;
    let mut z = all * tau(1.0 - f64::from(with_rank[RANKS + 1]) / all);
    for of_rank in with_rank[1..=RANKS].iter().rev() {
        z = 0.5 * (z + f64::from(*of_rank));
    }
    z += all * sigma(f64::from(with_rank[0]) / all);
    (all * all / (2.0 * std::f64::consts::LN_2 * z)).round() as u64
}

/// Ertl's σ: what registers that were never raised say.
#[allow(clippy::float_cmp, reason = "the sum is complete when it does not change any more")]
fn sigma(mut x: f64) -> f64 {
    let (mut weight, mut sum) = (1.0, x);
    loop {
        x *= x;
        let before = sum;
        sum += x * weight;
        weight += weight;
        if sum == before || !sum.is_finite() {
            return sum;
        }
    }
}

/// Ertl's τ: what registers that cannot be raised further say.
#[allow(clippy::float_cmp, reason = "the sum is complete when it does not change any more")]
fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut weight, mut sum) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = sum;
        weight *= 0.5;
        sum -= (1.0 - x) * (1.0 - x) * weight;
        if sum == before {
            return sum / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn few_values_are_counted_exactly(values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..4), 0..2_000)) {
            let mut distinct = Distinct::new();
            let mut known = BTreeSet::new();
            for value in &values {
                prop_assert_eq!(distinct.add(value), known.insert(value.clone()));
            }
            prop_assert!(distinct.is_exact());
            prop_assert_eq!(distinct.count(), known.len() as u64);
        }
    }

    #[test]
    fn many_values_are_estimated_and_it_says_so() {
        // Five standard errors of 0.8 %.
        for many in [4_097_u64, 20_000, 50_000, 300_000, 2_000_000] {
            let mut distinct = Distinct::new();
            for value in 0..many {
                distinct.add(&value.to_be_bytes());
            }
            for value in 0..many.min(1_000) {
                distinct.add(&value.to_be_bytes());
            }
            assert!(!distinct.is_exact());
            assert!(distinct.count().abs_diff(many) * 25 < many, "{} for {many}", distinct.count());
        }
        let mut distinct = Distinct::new();
        for value in 0..4_096_u64 {
            distinct.add(&value.to_be_bytes());
        }
        assert!(distinct.is_exact() && distinct.count() == 4_096);
    }
}
