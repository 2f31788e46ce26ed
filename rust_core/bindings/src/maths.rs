//! The platform maths library, asked for by name when an engine is made.
//!
//! Linked in the ordinary way `cbrt` resolves to the compiler's own, whose last bit differs from
//! the platform's; Python's `math` asks the platform, and both engines have to agree.

use pyo3::PyResult;
use tradebot_decision::beta::Functions;
use tradebot_engine::Maths;

/// `exp` and `cbrt` as Python's `math` module has them.
#[cfg(unix)]
pub(crate) fn platform() -> PyResult<Maths> {
    Ok(Maths::of(named(c"exp")?, named(c"cbrt")?))
}

#[cfg(not(unix))]
pub(crate) fn platform() -> PyResult<Maths> {
    Ok(Maths::default())
}

/// `exp`, `log` and `log1p` as Python's `math` module has them.
#[cfg(unix)]
pub(crate) fn quantile_functions() -> PyResult<Functions> {
    Ok(Functions { exp: named(c"exp")?, log: named(c"log")?, log1p: named(c"log1p")? })
}

#[cfg(not(unix))]
pub(crate) fn quantile_functions() -> PyResult<Functions> {
    Ok(Functions::default())
}

#[cfg(unix)]
fn named(name: &std::ffi::CStr) -> PyResult<tradebot_engine::arithmetic::Function> {
    use pyo3::exceptions::PyImportError;
    use tradebot_engine::arithmetic::Function;

    // SAFETY: `name` ends in NUL; dlsym only looks it up.
    let address = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    if address.is_null() {
        return Err(PyImportError::new_err(format!("the maths library has no {name:?}")));
    }
    // SAFETY: C names each of them `double f(double)`, and they touch nothing of ours.
    Ok(unsafe { std::mem::transmute::<*mut std::ffi::c_void, Function>(address) })
}
