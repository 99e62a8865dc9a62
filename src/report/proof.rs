//! A validation as it is kept in the staging file, so that a report can be made again when the databases are gone. Boundary: writes and reads
//! its JSON; the file is `staging`'s.

use crate::report::ReportError;
use crate::staging::{Moment, RunRecord, StagingReader};
use crate::validate::Validation;

/// A validation, and when it was done.
#[derive(Clone, Debug)]
pub struct Proof {
    /// When.
    pub at: Moment,
    /// What it found.
    pub found: Validation,
}

impl Proof {
    /// The validation as JSON, to be kept.
    pub fn to_json(found: &Validation) -> Result<String, ReportError> {
        serde_json::to_string(found).map_err(|source| ReportError::Json { source })
    }

    /// The last validation, when it is younger than the run: rows that were moved after it were never compared.
    pub fn of(run: &RunRecord, staging: &StagingReader) -> Result<Option<Self>, ReportError> {
        let Some((at, json)) = staging.last_validation()? else { return Ok(None) };
        // One that another version wrote cannot be understood, and is as good as none.
        let found = serde_json::from_str(&json).ok().filter(|_| at >= run.started);
        Ok(found.map(|found| Self { at, found }))
    }
}
