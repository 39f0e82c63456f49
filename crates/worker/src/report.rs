//! The quality report: what was measured on the finished file, and what follows.

use serde::{Deserialize, Serialize};

/// What validation found, check by check. A check that could not run has failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QualityReport {
    /// What follows.
    pub verdict: Verdict,
    /// Passed checks in percent, weighted: 100 if all passed.
    pub score: u32,
    /// The checks.
    pub checks: Vec<Check>,
    /// What was done otherwise than asked for, declared by the stage that did it. Nothing is
    /// substituted without standing here.
    pub substitutions: Vec<String>,
    /// Whether this is the second take, after a repair.
    pub repaired: bool,
}

/// What follows from a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The video may be published.
    Pass,
    /// The jobs at fault are done again, once.
    Repair,
    /// It may not.
    Reject,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Its stable name.
    pub name: String,
    /// What was measured, with its unit.
    pub value: String,
    /// What is asked for, with its unit.
    pub threshold: String,
    /// How it ended.
    pub finding: Finding,
    /// The scenes at fault, where the check can tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scenes: Vec<usize>,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// Within its threshold.
    Pass,
    /// Outside it.
    Fail,
    /// It could not be measured, which fails too.
    Unmeasured,
}

impl Check {
    /// A check that was measured.
    pub fn measured(
        name: &str,
        value: impl Into<String>,
        threshold: impl Into<String>,
        ok: bool,
    ) -> Self {
        Self {
            name: name.to_owned(),
            value: value.into(),
            threshold: threshold.into(),
            finding: if ok { Finding::Pass } else { Finding::Fail },
            scenes: Vec::new(),
        }
    }

    /// A check that could not be measured.
    pub fn unmeasured(name: &str, threshold: impl Into<String>) -> Self {
        Self {
            finding: Finding::Unmeasured,
            ..Self::measured(name, "not measured", threshold, false)
        }
    }

    /// The check, with the scenes at fault.
    #[must_use]
    pub fn at(mut self, scenes: Vec<usize>) -> Self {
        self.scenes = scenes;
        self
    }
}

impl QualityReport {
    /// Judges the checks: all pass, or a repair if this is the first take, or a rejection.
    pub fn of(checks: Vec<Check>, substitutions: Vec<String>, repaired: bool) -> Self {
        let passed = checks
            .iter()
            .filter(|check| check.finding == Finding::Pass)
            .count();
        let verdict = match (passed == checks.len() && passed > 0, repaired) {
            (true, _) => Verdict::Pass,
            (false, false) => Verdict::Repair,
            (false, true) => Verdict::Reject,
        };
        let score = (passed * 100).checked_div(checks.len()).unwrap_or(0) as u32;
        Self {
            verdict,
            score,
            checks,
            substitutions,
            repaired,
        }
    }

    /// The checks that failed.
    pub fn failed(&self) -> impl Iterator<Item = &Check> {
        self.checks
            .iter()
            .filter(|check| check.finding != Finding::Pass)
    }

    /// The failed checks on one line.
    pub fn faults(&self) -> String {
        let faults: Vec<String> = self
            .failed()
            .map(|check| {
                format!(
                    "{}: {} (asked: {})",
                    check.name, check.value, check.threshold
                )
            })
            .collect();
        faults.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_could_not_run_fails_and_a_second_failure_rejects() {
        let checks = vec![
            Check::measured("a", "1", "1", true),
            Check::unmeasured("b", "2"),
        ];
        let first = QualityReport::of(checks.clone(), vec![], false);
        assert_eq!((first.verdict, first.score), (Verdict::Repair, 50));
        assert_eq!(
            QualityReport::of(checks, vec![], true).verdict,
            Verdict::Reject
        );
        assert_eq!(first.faults(), "b: not measured (asked: 2)");
    }

    #[test]
    fn no_checks_is_no_pass() {
        assert_eq!(
            QualityReport::of(vec![], vec![], false).verdict,
            Verdict::Repair
        );
    }
}
