//! What is held by a run without failures always fits the envelopes.

use proptest::prelude::*;
use studio::script::{Scene, Visual};

use super::*;

fn scene(narration: String) -> Scene {
    Scene {
        heading: "H".to_owned(),
        narration,
        visual: Visual::Heading { text: None },
        picture_hint: None,
    }
}

fn script(narrations: Vec<String>) -> Script {
    Script {
        title: "T".to_owned(),
        description: String::new(),
        tags: vec![],
        scenes: narrations.into_iter().map(scene).collect(),
    }
}

/// What the jobs of `stage` hold, each by itself, as the stages ask for it.
fn held(prices: &PriceBook, stage: Stage, script: &Script, mib: &[u64], tier: Tier) -> i64 {
    let one = |amount| {
        let max = local_max(stage, amount, tier);
        let charge = |meter, quantity| {
            let at = Timestamp::from_micros(1_800_000_000_000_000);
            let version = prices.find("local", "cpu", meter, at).unwrap();
            version.price.charge(quantity).unwrap().0
        };
        charge("cpu_ms", max.cpu_ms) + charge("disk_mib_month", max.disk_mib)
    };
    let narrations = || script.scenes.iter().map(|scene| words(&scene.narration));
    match stage {
        Stage::Illustrate => (0..script.scenes.len())
            .map(|scene| one(mib.get(scene).copied().unwrap_or(0)))
            .sum(),
        Stage::Narrate | Stage::Compose => narrations().map(one).sum(),
        Stage::Assemble | Stage::Validate => one(narrations().sum()),
        Stage::Script | Stage::Thumbnail => one(0),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_run_without_failures_fits_its_envelopes_twice(
        narrations in prop::collection::vec("[a-z]{1,9}( [a-zé0-9,.]{1,20}){0,130}", 1..60),
        mib in prop::collection::vec(0_u64..3_000, 0..60),
        premium in any::<bool>(),
    ) {
        let prices = PriceBook::shipped();
        let at = Timestamp::from_micros(1_800_000_000_000_000);
        let tier = if premium { Tier::Premium } else { Tier::Simple };
        let script = script(narrations);
        let shown = mib.iter().take(script.scenes.len()).sum();
        let size = Size { mebibytes: shown, ..Size::of(&script) };
        for stage in Stage::ALL {
            let envelope = local_worst(&prices, tier, stage, size, at).unwrap().0;
            let held = held(&prices, stage, &script, &mib, tier);
            prop_assert!(held <= envelope, "{stage}: {held} of {envelope}");
        }
    }
}

#[test]
fn what_takes_long_to_say_counts_as_many_words() {
    assert_eq!(words("The sea is deep."), 4);
    assert_eq!(words("It cost 1,234,567 dollars"), 3 + 7);
    assert_eq!(words("深海は暗い。"), 6);
    assert_eq!(words("antidisestablishmentarianism"), 3);
    assert_eq!(words(""), 0);
}

#[test]
fn a_large_clip_is_paid_for_in_the_plan() {
    let small = local_max(Stage::Illustrate, 0, Tier::Simple);
    let large = local_max(Stage::Illustrate, 2_000, Tier::Simple);
    assert!(large.disk_mib >= 2_000 + small.disk_mib);
}
