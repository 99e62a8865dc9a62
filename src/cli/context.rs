//! What a command works with: the plan, the staging file, the entities it is about, the databases. Boundary: finding and opening;
//! every mistake here is the command line's or the plan's.

use std::path::{Path, PathBuf};

use super::args::Global;
use super::output::Output;
use crate::check::with_ancestors;
use crate::error::Error;
use crate::pg::{Endpoint, Role};
use crate::plan::{EntityPlan, Plan, Problems, expand, load};
use crate::staging::{EntityRow, Moment, StagingError, StagingReader};

/// What every command is given.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub args: &'a Global,
    pub out: &'a Output,
    /// The command's word, for the record.
    pub command: &'static str,
    pub began: Moment,
}

impl Context<'_> {
    /// Reads the plan. What is wrong with it goes to `problems`; only when there is nothing to go on with, it is an error.
    pub fn plan(&self, problems: &mut Problems) -> Result<Plan, Error> {
        let path = self.plan_path()?;
        let Some(mut plan) = load(&path, problems) else { return Err(refused(problems)) };
        if let Some(staging) = &self.args.staging {
            plan.staging.clone_from(staging);
        }
        Ok(plan)
    }

    /// The plan, where there is one that can be read. For commands that get along without it.
    pub fn plan_if_any(&self) -> Option<Plan> {
        self.plan(&mut Problems::default()).ok()
    }

    fn plan_path(&self) -> Result<PathBuf, Error> {
        if let Some(path) = &self.args.plan {
            return Ok(if path.is_dir() { path.join(PLAN) } else { path.clone() });
        }
        let here = std::env::current_dir()?;
        upwards(&here).ok_or_else(|| {
            Error::usage(
                format!("there is no {PLAN} in {} or a folder above", here.display()),
                "name the plan with --plan FILE, or go to its folder",
            )
        })
    }

    /// The staging file's path: as typed, or as the plan says.
    pub fn staging_path(&self) -> Result<PathBuf, Error> {
        match &self.args.staging {
            Some(path) => Ok(path.clone()),
            None => Ok(self.plan(&mut Problems::default())?.staging),
        }
    }

    /// The staging file, for looking into it.
    pub fn staging(&self) -> Result<StagingReader, Error> {
        Ok(StagingReader::open(&self.staging_path()?)?)
    }

    /// Which entities of the plan the command is about.
    pub fn selection(&self, plan: &Plan) -> Result<Vec<bool>, Error> {
        let names = plan.entity_names();
        let Global { only, phase, exclude, with_deps, .. } = self.args;
        for name in only.iter().chain(exclude) {
            if !names.contains(name) {
                return Err(unknown_entity(name, &names, "the plan"));
            }
        }
        if *with_deps && only.is_empty() && phase.is_empty() {
            return Err(Error::usage("--with-deps goes with --only or --phase", "etl … --only ENTITY --with-deps"));
        }
        let mut phases: Vec<&str> = plan.entities.iter().filter_map(|entity| entity.phase.as_deref()).collect();
        phases.sort_unstable();
        phases.dedup();
        if let Some(unknown) = phase.iter().find(|name| !phases.contains(&name.as_str())) {
            let hint = if phases.is_empty() {
                "an entity says phase = \"…\" to belong to one".to_owned()
            } else {
                format!("the plan has {}", phases.join(", "))
            };
            return Err(Error::Usage { message: format!("the plan has no phase `{unknown}`"), hint: Some(hint) });
        }
        let chosen = |entity: &EntityPlan| {
            only.contains(&entity.name) || entity.phase.as_ref().is_some_and(|of| phase.contains(of)) || only.is_empty() && phase.is_empty()
        };
        let mut selected: Vec<bool> = plan.entities.iter().map(chosen).collect();
        if *with_deps {
            selected = with_ancestors(plan, &selected);
        }
        selected.iter_mut().zip(&names).for_each(|(selected, name)| *selected &= !exclude.contains(name));
        if !selected.contains(&true) && !names.is_empty() {
            return Err(Error::usage("no entity is left to work at", "name at least one with --only, or exclude fewer"));
        }
        Ok(selected)
    }

    /// The source.
    pub fn source(&self, plan: &Plan) -> Result<Endpoint, Error> {
        endpoint("source", Role::Source, self.args.source.as_deref(), plan.source_url.as_deref(), &plan.folder)
    }

    /// The target.
    pub fn target(&self, plan: &Plan) -> Result<Endpoint, Error> {
        endpoint("target", Role::Target, self.args.target.as_deref(), plan.target_url.as_deref(), &plan.folder)
    }

    /// How many things go on at a time.
    pub fn jobs(&self) -> usize {
        let processors = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.args.jobs.map_or_else(processors, usize::from)
    }
}

/// An entity of the staging file by its name.
pub(super) fn staged_entity(staging: &StagingReader, name: &str) -> Result<EntityRow, Error> {
    if let Some(entity) = staging.entity(name)? {
        return Ok(entity);
    }
    let names: Vec<String> = staging.entities()?.into_iter().map(|e| e.record.name).collect();
    Err(unknown_entity(name, &names, "the staging file"))
}

const PLAN: &str = "etl.toml";

fn upwards(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().map(|folder| folder.join(PLAN)).find(|path| path.is_file())
}

fn unknown_entity(name: &str, names: &[String], place: &str) -> Error {
    let near = names
        .iter()
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .filter(|(far, known)| *far <= 1 + known.len().max(name.len()) / 4)
        .min();
    let hint = match near {
        Some((_, near)) => format!("did you mean `{near}`?"),
        None if names.is_empty() => format!("{place} has no entities"),
        None => format!("{place} has {}", names.join(", ")),
    };
    Error::Usage { message: format!("{place} has no entity `{name}`"), hint: Some(hint) }
}

fn endpoint(which: &'static str, role: Role, typed: Option<&str>, planned: Option<&str>, folder: &Path) -> Result<Endpoint, Error> {
    let url = match (typed, planned) {
        (Some(typed), _) => typed.to_owned(),
        (None, Some(planned)) => expand(planned, folder)?,
        (None, None) => {
            let hint = format!("write [{which}] url = \"${{{}_DATABASE_URL}}\" in the plan, or type --{which} URL", which.to_uppercase());
            return Err(Error::usage(format!("the plan does not say where the {which} is"), hint));
        }
    };
    Endpoint::parse(&url, role).map_err(|source| Error::Endpoint { which, source })
}

/// The error that stands for the mistakes of a plan.
pub(super) fn refused(problems: &Problems) -> Error {
    Error::Problems { errors: problems.errors(), rendered: problems.render() }
}

/// A staging file that is not there yet is none; everything else that is wrong with it is an error.
pub(super) fn if_there(path: &Path) -> Result<Option<StagingReader>, Error> {
    match StagingReader::open(path) {
        Ok(reader) => Ok(Some(reader)),
        Err(StagingError::Missing { .. }) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_is_looked_for_upwards() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("a/b");
        std::fs::create_dir_all(&below).unwrap();
        assert_eq!(upwards(&below), None);
        std::fs::write(folder.path().join(PLAN), "").unwrap();
        assert_eq!(upwards(&below), Some(folder.path().join(PLAN)));
    }

    #[test]
    fn an_address_comes_from_the_command_line_before_the_plan() {
        let folder = Path::new(".");
        let typed = endpoint("source", Role::Source, Some("postgresql://u:secret@h/typed"), Some("postgresql://u@h/plan"), folder).unwrap();
        assert!(typed.redacted().ends_with("/typed") && !typed.redacted().contains("secret"));
        let missing = endpoint("target", Role::Target, None, None, folder).unwrap_err();
        assert!(missing.hint().is_some_and(|hint| hint.contains("TARGET_DATABASE_URL") && hint.contains("--target")));
    }

    #[test]
    fn a_misspelt_entity_is_answered_with_the_nearest() {
        let error = unknown_entity("taks", &["orders".to_owned(), "tasks".to_owned()], "the plan");
        assert_eq!(error.hint().as_deref(), Some("did you mean `tasks`?"));
        assert_eq!(error.exit(), crate::error::Exit::Wrong);
    }
}
