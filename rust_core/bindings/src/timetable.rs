//! What `domain.session.Timetable` says of an instant, its boundaries read once a session.

use pyo3::prelude::*;
use tradebot_decision::score::Calendar;

use crate::decider::Hour;

const MONDAY: u8 = 0;
const FRIDAY: u8 = 4;

/// `domain.session.Phase`, as far as an instant of a session can have it.
#[derive(Clone, Copy)]
enum Phase {
    PreMarket,
    Opening,
    MidMorning,
    Lunch,
    Afternoon,
    Close,
    PostRth,
}

/// The timetable at hand, remembered by identity: one serves a whole session.
pub(crate) struct Hours {
    late_hour: i64,
    known: Option<(Py<PyAny>, Bounds)>,
}

#[derive(Clone, Copy)]
struct Bounds {
    open: i64,
    close: i64,
    mid_morning: i64,
    lunch: i64,
    afternoon: i64,
    closing: i64,
    opening_block_end: i64,
    last_entry: i64,
    late: i64,
    weekday: u8,
}

impl Hours {
    /// Of `parts.late_hour`, from which on a Friday is late.
    pub(crate) fn of(parts: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self { late_hour: parts.getattr("late_hour")?.extract()?, known: None })
    }

    /// What `timetable` says of `t`.
    pub(crate) fn at(&mut self, timetable: &Bound<'_, PyAny>, t: i64) -> PyResult<Hour> {
        let b = self.bounds(timetable)?;
        let phase = b.phase(t) as usize;
        let calendar = Calendar {
            phase,
            monday: b.weekday == MONDAY,
            friday: b.weekday == FRIDAY,
            late: t >= b.late,
        };
        let tradable = (Phase::Opening as usize..=Phase::Close as usize).contains(&phase);
        Ok(Hour { calendar, tradable, window: b.entry_window_open(t) })
    }

    fn bounds(&mut self, timetable: &Bound<'_, PyAny>) -> PyResult<Bounds> {
        if let Some((kept, bounds)) = &self.known
            && kept.is(timetable)
        {
            return Ok(*bounds);
        }
        let session = timetable.getattr("session")?;
        let of = |name: &str| timetable.getattr(name)?.extract::<i64>();
        let bounds = Bounds {
            open: session.getattr("open")?.extract()?,
            close: session.getattr("close")?.extract()?,
            mid_morning: of("mid_morning")?,
            lunch: of("lunch")?,
            afternoon: of("afternoon")?,
            closing: of("closing")?,
            opening_block_end: of("opening_block_end")?,
            last_entry: of("last_entry")?,
            late: session.call_method1("at", (self.late_hour,))?.extract()?,
            weekday: session.getattr("date")?.call_method0("weekday")?.extract()?,
        };
        self.known = Some((timetable.clone().unbind(), bounds));
        Ok(bounds)
    }
}

impl Bounds {
    fn phase(&self, t: i64) -> Phase {
        match t {
            t if t < self.open => Phase::PreMarket,
            t if t >= self.close => Phase::PostRth,
            t if t >= self.closing => Phase::Close,
            t if t < self.mid_morning => Phase::Opening,
            t if t < self.lunch => Phase::MidMorning,
            t if t < self.afternoon => Phase::Lunch,
            _ => Phase::Afternoon,
        }
    }

    fn entry_window_open(&self, t: i64) -> bool {
        let lunch = self.lunch <= t && t < self.afternoon;
        !(t < self.opening_block_end || lunch || t >= self.last_entry)
    }
}
