//! Instants as text.

use crate::digits::write_padded;

pub(crate) const MICROSECOND: i64 = 1_000;
const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400;

/// `2013-10-07T13:31:00.000000Z` of nanoseconds since 1970; finer digits are cut.
pub(crate) fn write_stamp(instant: i64, out: &mut Vec<u8>) {
    let micros = instant.div_euclid(MICROSECOND);
    let (seconds, micro) = (micros.div_euclid(SECOND), micros.rem_euclid(SECOND));
    let (days, rest) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    for (number, width, end) in [
        (year, 4, b'-'),
        (month, 2, b'-'),
        (day, 2, b'T'),
        (hour, 2, b':'),
        (minute, 2, b':'),
        (second, 2, b'.'),
        (micro, 6, b'Z'),
    ] {
        write_padded(number, width, b'0', out);
        out.push(end);
    }
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar.
///
/// Years are counted from March, so that the leap day is the last of its year: 400 years have
/// 146,097 days, and the months from March on are 153 days in fives.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468; // days from 0000-03-01
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}
