//! Integers as decimal digits, without the formatting machinery: there are dozens in an event.

/// Digits of the largest integer.
const MOST: usize = 20;

/// The decimal form of an integer and its sign.
pub(crate) fn write_integer(number: i64, out: &mut Vec<u8>) {
    if number < 0 {
        out.push(b'-');
    }
    write_natural(number.unsigned_abs(), out);
}

/// The decimal form of an integer.
pub(crate) fn write_natural(number: u64, out: &mut Vec<u8>) {
    let mut digits = [b'0'; MOST];
    let first = fill(number, &mut digits);
    out.extend_from_slice(&digits[first..]);
}

/// The decimal form with a sign, `pad` before it up to `width`; a wider one is cut in front.
pub(crate) fn write_padded(number: i64, width: usize, pad: u8, out: &mut Vec<u8>) {
    let from = out.len();
    out.resize(from + width, pad);
    let first = from + fill(number.unsigned_abs(), &mut out[from..]);
    if number < 0 && first > from {
        out[first - 1] = b'-';
    }
}

/// A number of billionths as a decimal fraction, with one digit behind the point at least.
pub(crate) fn write_billionths(number: i64, out: &mut Vec<u8>) {
    const BILLION: u64 = 1_000_000_000;
    const POINT: usize = 12;
    const END: usize = POINT + 10;
    let (whole, rest) = (number.unsigned_abs() / BILLION, number.unsigned_abs() % BILLION);
    let mut text = [b'0'; END];
    let mut first = fill(whole, &mut text[..POINT]);
    if number < 0 {
        first -= 1;
        text[first] = b'-';
    }
    text[POINT] = b'.';
    let (tenths, behind) = (rest / 100_000_000, eight(rest % 100_000_000));
    text[POINT + 1] += tenths.to_le_bytes()[0];
    text[POINT + 2..].copy_from_slice(&(behind | ZEROS).to_le_bytes());
    let zeros = usize::try_from(behind.leading_zeros() / 8).unwrap_or(0);
    out.extend_from_slice(&text[first..END - zeros]);
}

/// `0` eight times.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// Eight digits of a number, a byte each, the first of them lowest. All at once: in halves of
/// four, those in pairs, those in digits, each by a multiplication in place of the division.
fn eight(number: u64) -> u64 {
    let fours = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x7f_0000_007f;
    let pairs = hundreds | ((fours - 100 * hundreds) << 16);
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((pairs - 10 * tens) << 8)
}

/// Put the digits at the end of `into`; where the first of them stands.
fn fill(number: u64, into: &mut [u8]) -> usize {
    let (mut left, mut at) = (number, into.len());
    while at > 0 {
        at -= 1;
        into[at] = b'0' + u8::try_from(left % 10).unwrap_or(0);
        left /= 10;
        if left == 0 {
            break;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::{eight, write_billionths, write_integer, write_natural, write_padded};

    #[test]
    fn eight_digits_are_all_that_they_are() {
        let all = (0..10_000).map(|half| half * 10_000 + 9_999 - half);
        for number in all.chain([0, 7, 10_000, 99_999_999, 10_203_040]) {
            let text: String =
                eight(number).to_le_bytes().map(|digit| char::from(b'0' + digit)).iter().collect();
            assert_eq!(text, format!("{number:08}"));
        }
    }

    #[test]
    fn billionths_have_a_point_and_no_needless_zeros() {
        for (number, text) in [
            (0, "0.0"),
            (1, "0.000000001"),
            (-120_000_000, "-0.12"),
            (1_000_000_000, "1.0"),
            (-6_650_250_000_000, "-6650.25"),
            (999_999_999_999_999, "999999.999999999"),
            (i64::MIN, "-9223372036.854775808"),
        ] {
            let mut out = Vec::new();
            write_billionths(number, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), text);
        }
    }

    #[test]
    fn integers_are_written_as_the_standard_library_does() {
        for number in [0, 7, -7, 10, -10, 99, 100, 1_234_567_890, i64::MAX, i64::MIN] {
            let (mut out, mut wide) = (Vec::new(), Vec::new());
            write_integer(number, &mut out);
            write_padded(number, 20, b' ', &mut wide);
            assert_eq!(out, number.to_string().into_bytes());
            assert_eq!(wide, format!("{number:20}").into_bytes());
        }
        let mut out = Vec::new();
        write_natural(u64::MAX, &mut out);
        write_padded(42, 6, b'0', &mut out);
        assert_eq!(out, b"18446744073709551615000042");
    }
}
