//! What a flood of passwords costs in memory: measured on a process of its own.

use crate::support::{Alone, Browser, together};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_passwords_takes_the_memory_of_two() {
    let keel = Alone::serve(&[]).await;
    let before = keel.memory();
    for round in 0..3 {
        let statuses = together((0..200_u32).map(|number| {
            let browser = Browser::at(&keel.base, [127, 1, round, u8::try_from(number % 250 + 1).unwrap()].into());
            let email = format!("person{number}@acme.example");
            async move { browser.form("/api/auth/sign-in", &[("email", &email), ("password", "a long walk on the quay")]).await.status }
        }))
        .await;
        assert!(statuses.iter().all(|status| [422, 429, 503].contains(status)), "{statuses:?}");
    }
    let after = keel.memory();
    println!("{before} MiB before, {after} MiB after");
    // Twice 19 MiB for the hashing; the rest is two hundred connections of a build that is not optimized.
    assert!(after < before + 2 * 19 + 60, "{before} MiB before, {after} MiB after");
}
