//! `price_import`, `price_list`, `transfer_get`.

use ledger::{PriceRow, RateRow};
use store::Error;
use ytempire_core::{Timestamp, UnitPrice};

use crate::World;

fn row(provider: &str, day: i64, price: &str) -> PriceRow {
    PriceRow {
        provider: provider.to_owned(),
        model: "m".to_owned(),
        meter: "characters".to_owned(),
        price: UnitPrice(price.parse().unwrap()),
        currency: "EUR".to_owned(),
        valid_from: Timestamp::from_micros(day * 86_400_000_000),
        valid_to: None,
        deprecated_at: None,
        imputed: false,
        source: "test".to_owned(),
    }
}

pub(crate) async fn prices_are_kept_by_day_and_never_written_anew(world: World) {
    let rate = RateRow {
        currency: "EUR".to_owned(),
        rate: UnitPrice("1.0842".parse().unwrap()),
        valid_from: Timestamp::from_micros(5),
        source: "bank".to_owned(),
    };
    let import = |prices: Vec<PriceRow>, rates: Vec<RateRow>| {
        world.store.price_import(world.now(), prices, rates)
    };
    let rows = vec![row("b", 2, "0.2"), row("a", 1, "0.1"), row("a", 2, "0.2")];
    let added = import(rows, vec![rate.clone()]).await;
    assert_eq!(added.unwrap(), 4);
    let (prices, rates) = world.store.price_list(None).await.unwrap();
    let wanted = [row("a", 1, "0.1"), row("a", 2, "0.2"), row("b", 2, "0.2")];
    assert_eq!(prices, wanted);
    assert_eq!(rates.len(), 1);
    assert_eq!(rates[0], rate);
    let (of_a, _) = world.store.price_list(Some("a")).await.unwrap();
    assert_eq!(of_a, wanted[..2]);
    // The same again changes nothing; what isn't the price may change.
    let mut ends = row("a", 1, "0.10");
    ends.deprecated_at = Some(Timestamp::from_micros(9));
    assert_eq!(import(vec![ends], vec![rate.clone()]).await.unwrap(), 0);
    let (of_a, _) = world.store.price_list(Some("a")).await.unwrap();
    assert_eq!(of_a[0].deprecated_at, Some(Timestamp::from_micros(9)));
    // Another price of the same day is refused, and takes the rest with it.
    let refused = import(vec![row("c", 1, "1"), row("a", 2, "0.3")], vec![]).await;
    assert!(matches!(refused, Err(Error::PriceTaken(of)) if of.starts_with("a/m/characters@")));
    let mut other = rate;
    other.rate = UnitPrice("2".parse().unwrap());
    let refused = import(vec![], vec![other]).await;
    assert!(matches!(refused, Err(Error::PriceTaken(_))));
    assert_eq!(world.store.price_list(None).await.unwrap().0.len(), 3);
}

pub(crate) async fn a_charge_is_found_by_its_id(world: World) {
    let (_, job) = world.one_running().await;
    let hold = world.hold(7);
    let id = hold.id;
    assert_eq!(world.store.transfer_get(id).await.unwrap(), None);
    let held = world
        .store
        .transfer_hold(world.now(), job.lease, vec![hold]);
    held.await.unwrap();
    let found = world.store.transfer_get(id).await.unwrap().unwrap();
    assert_eq!(
        (found.id, found.job, found.quantity_max),
        (id, job.lease.job, 7)
    );
    assert_eq!(found.days.len(), 3);
}
