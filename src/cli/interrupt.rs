//! Ctrl-C. The first sets a flag, which the stages look at between chunks; the second is the system's own: an immediate end. Nothing
//! needs tidying up in either case, so nothing is. Boundary: signals only.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::error::Error;

/// Listens from now on; gives the flag.
pub(super) fn listen() -> Result<Arc<AtomicBool>, Error> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // In this order: the default action looks at the flag before the same signal sets it.
        flag::register_conditional_default(signal, Arc::clone(&stop)).map_err(|source| Error::Signals { source })?;
        flag::register(signal, Arc::clone(&stop)).map_err(|source| Error::Signals { source })?;
    }
    Ok(stop)
}
