//! The price book, as commands.

use crate::place::{Ended, Place};

/// Runs the program with the arguments of one line, parted by bars.
fn run(place: &Place, line: &str) -> Ended {
    place.run(line.split('|'))
}

const HEADER: &str = "provider,model,meter,price,currency,valid_from,deprecated_at,source\n";

#[test]
fn prices_are_imported_listed_and_guarded() {
    let place = Place::new();
    let shipped = run(&place, "price|list").good();
    assert!(shipped.stdout.contains("cpu_ms"), "{shipped}");
    let rows = "tts,v4,characters,0.00008,,2026-01-01,2026-02-01,page of the provider\n";
    place.write("a.csv", format!("{HEADER}{rows}"));
    let told = run(&place, "price|import|a.csv").good();
    assert!(told.stdout.contains("1 of them new"), "{told}");
    assert!(
        told.stderr.contains("was withdrawn on 2026-02-01"),
        "{told}"
    );
    let told = run(&place, "price|import|a.csv").good();
    assert!(told.stdout.contains("0 of them new"), "{told}");
    // For a million characters instead of one.
    place.write(
        "b.csv",
        format!("{HEADER}tts,v4,characters,80,,2026-06-01,,page\n"),
    );
    let refused = run(&place, "price|import|b.csv");
    refused.refused(3, "YT0106", &["$0.00008 before, $80", "--confirm-jump"]);
    let list = || run(&place, "price|list|--json").good().json_lines();
    let of_tts = || {
        list()
            .into_iter()
            .filter(|row| row["provider"] == "tts")
            .count()
    };
    assert_eq!(of_tts(), 1);
    run(&place, "price|import|b.csv|--confirm-jump").good();
    assert_eq!(of_tts(), 2);
    // Another price of the same day would write history anew.
    place.write(
        "c.csv",
        format!("{HEADER}tts,v4,characters,81,,2026-06-01,,page\n"),
    );
    run(&place, "price|import|c.csv|--confirm-jump").refused(3, "YT0106", &["already"]);
    // Another currency needs a rate.
    place.write(
        "d.csv",
        format!("{HEADER}bilder,x,images,0.03,EUR,2026-06-01,,page\n"),
    );
    run(&place, "price|import|d.csv").good();
    let rate = "currency,rate,valid_from,source\nEUR,1.0842,2026-06-01,ECB\n";
    place.write("rate.csv", rate);
    run(&place, "price|import|rate.csv").good();
    let row = list().into_iter().find(|row| row["provider"] == "bilder");
    assert_eq!(row.unwrap()["price_usd"], "0.032526");
    for wrong in ["nothing.csv", "prices.xml"] {
        run(&place, &format!("price|import|{wrong}")).refused(3, "YT0106", &[wrong]);
    }
    run(&place, "price|explain|0198").refused(3, "YT0107", &["cost VIDEO"]);
}
