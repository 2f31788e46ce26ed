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
    use super::{write_integer, write_natural, write_padded};

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
