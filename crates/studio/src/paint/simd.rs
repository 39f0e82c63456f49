//! Wide registers without unsafe code.
//!
//! [`run`] compiles a kernel once for plain machines and once for those with AVX2, and picks at
//! run time. Kernels are integer arithmetic, so both give the same bytes.

/// What a kernel may do that the compiler doesn't find by itself.
pub(super) trait Lanes: Copy {
    /// For each of 16 output pixels the weighted sum of two pixels: the first 8 from
    /// `from[0]`, the others from `from[1]`. Indices are below 16, the weights of a pair add
    /// up to 128 at most.
    fn weigh(self, from: [[u8; 16]; 2], pairs: &Pairs) -> [i16; 16];

    /// `of` times `by` in 32,768ths, rounded to the nearest, halves up.
    fn part(self, of: [i16; 16], by: i16) -> [i16; 16];
}

/// Which pairs of pixels [`Lanes::weigh`] blends, and how.
#[derive(Clone, Copy)]
pub(super) struct Pairs {
    /// Places of first and second pixel in turn.
    pub(super) index: [u8; 32],
    /// Their weights, in 128ths.
    pub(super) weight: [i8; 32],
}

/// Work to be done at full speed. Implementations and all they call carry `#[inline(always)]`,
/// else they are not compiled for the wider registers.
pub(super) trait Kernel {
    /// Does the work.
    fn run<L: Lanes>(self, lanes: L);
}

/// Runs `kernel` with the widest registers that the machine has.
pub(super) fn run(kernel: impl Kernel) {
    #[cfg(target_arch = "x86_64")]
    if let Some(v3) = pulp::x86::V3::try_new() {
        return v3.vectorize(Bound { kernel, lanes: v3 });
    }
    kernel.run(Plain);
}

/// A kernel and what it runs on. Not a closure, which can't promise to be inlined.
struct Bound<K, L> {
    kernel: K,
    lanes: L,
}

impl<K: Kernel, L: Lanes> pulp::NullaryFnOnce for Bound<K, L> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.kernel.run(self.lanes);
    }
}

/// Nothing but the language.
#[derive(Clone, Copy)]
pub(super) struct Plain;

impl Lanes for Plain {
    #[inline(always)]
    fn weigh(self, from: [[u8; 16]; 2], pairs: &Pairs) -> [i16; 16] {
        std::array::from_fn(|i| {
            let term = |at: usize| {
                let pixel = from[i / 8][usize::from(pairs.index[at] & 15)];
                i16::from(pixel) * i16::from(pairs.weight[at])
            };
            term(2 * i) + term(2 * i + 1)
        })
    }

    #[inline(always)]
    fn part(self, of: [i16; 16], by: i16) -> [i16; 16] {
        of.map(|of| ((i32::from(of) * i32::from(by) + (1 << 14)) >> 15) as i16)
    }
}

#[cfg(target_arch = "x86_64")]
impl Lanes for pulp::x86::V3 {
    #[inline(always)]
    fn weigh(self, from: [[u8; 16]; 2], pairs: &Pairs) -> [i16; 16] {
        let index = pulp::cast(pairs.index);
        let picked = self.avx2._mm256_shuffle_epi8(pulp::cast(from), index);
        pulp::cast(
            self.avx2
                ._mm256_maddubs_epi16(picked, pulp::cast(pairs.weight)),
        )
    }

    #[inline(always)]
    fn part(self, of: [i16; 16], by: i16) -> [i16; 16] {
        pulp::cast(
            self.avx2
                ._mm256_mulhrs_epi16(pulp::cast(of), pulp::cast([by; 16])),
        )
    }
}

/// From `a` to `b`: 0 is `a`, 256 would be `b`. One multiplication; wraps on the way, but the
/// result always fits.
#[inline(always)]
pub(super) fn lerp(a: u8, b: u8, part: u16) -> u8 {
    let (a, b) = (u16::from(a), u16::from(b));
    (((a << 8) | 128).wrapping_add(b.wrapping_sub(a).wrapping_mul(part)) >> 8) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lerp_is_exact_at_both_ends_and_rounds_between() {
        for a in 0..=255_u8 {
            for b in 0..=255_u8 {
                assert_eq!((lerp(a, b, 0), lerp(a, b, 256)), (a, b));
                for part in [1, 77, 128, 255] {
                    let exact =
                        u32::from(a) * (256 - u32::from(part)) + u32::from(b) * u32::from(part);
                    assert_eq!(u32::from(lerp(a, b, part)), (exact + 128) >> 8);
                }
            }
        }
    }
}
