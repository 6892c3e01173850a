//! The commands of an operator: each opens the database beside the running process, does one thing, and says what it did.

#![expect(clippy::print_stdout, reason = "what a command did is its output")]
#![expect(clippy::disallowed_methods, reason = "an operator's command acts without a person")]

use super::{alone, beside};
use crate::config::Config;
use crate::process::Failure;
use keel_domain::access::{SystemGrant, sessions};
use keel_domain::billing::repair;
use keel_domain::staff::PlatformRole;
use keel_domain::{Refusal, credits, demo, staff};
use keel_types::{Code, Email};

pub async fn verify_ledger(config: Config) -> Result<(), Failure> {
    let keel = alone(config).await?;
    let proof = credits::verify(&SystemGrant::new(&keel, "verify-ledger")).await.map_err(told)?;
    keel.close().await;
    println!("{} entries looked at", proof.entries);
    for (what, ids) in [
        ("balance is not the sum of the entries", &proof.not_the_sum),
        ("balance is not what the lots hold", &proof.not_the_lots),
        ("entry does not follow from the one before", &proof.out_of_line),
        ("what is kept back is not the holds", &proof.not_the_holds),
        ("owes credits and has some", &proof.owing),
        ("payment took back more than it granted", &proof.taken_too_much),
    ] {
        for id in ids {
            println!("{what}: {id}");
        }
    }
    if proof.holds() { Ok(()) } else { Err(Failure::Command("the ledger does not hold".to_owned())) }
}

pub async fn reconcile(config: Config) -> Result<(), Failure> {
    let keel = beside(config).await?;
    let drift = repair::reconcile(&SystemGrant::new(&keel, "reconcile")).await.map_err(told)?;
    while keel.work().await.map_err(told)? {}
    keel.close().await;
    let (events, subscriptions, charges) = (drift.missed_events.len(), drift.stale_subscriptions.len(), drift.stale_charges.len());
    let (refunds, customers, failed) = (drift.returned_refunds.len(), drift.unknown_customers.len(), drift.failed_events.len());
    println!("{events} events were missing, {subscriptions} subscriptions and {charges} charges were otherwise");
    println!(
        "{refunds} refunds were sent back by the bank, {customers} customers are not known to Stripe, {failed} events wait for replay-event"
    );
    for id in drift.ids() {
        println!("{id}");
    }
    Ok(())
}

pub async fn replay_event(config: Config, id: &str) -> Result<(), Failure> {
    let keel = beside(config).await?;
    repair::replay(&SystemGrant::new(&keel, "replay-event"), id).await.map_err(told)?;
    while keel.work().await.map_err(told)? {}
    keel.close().await;
    println!("{id} was processed again");
    Ok(())
}

pub async fn stripe_setup(config: Config) -> Result<(), Failure> {
    let keel = beside(config).await?;
    let keys = repair::set_up_prices(&SystemGrant::new(&keel, "stripe-setup")).await.map_err(told)?;
    keel.close().await;
    for key in keys {
        println!("{key}");
    }
    Ok(())
}

pub async fn seed(config: Config) -> Result<(), Failure> {
    let keel = alone(config).await?;
    let made = demo::seed(&SystemGrant::new(&keel, "seed")).await;
    keel.close().await;
    made.map_err(told)?;
    println!("Acme: olivia@acme.example owns it, with adam@, max@ and vera@. Evil Corp: eve@evil.example. Staff: sam@keel.example");
    Ok(())
}

pub async fn make_staff(config: Config, email: &str, role: PlatformRole) -> Result<(), Failure> {
    let email = address(email)?;
    let keel = alone(config).await?;
    let made = staff::make(&SystemGrant::new(&keel, "make-staff"), &email, role).await;
    keel.close().await;
    made.map_err(|refusal| of_person(&email, refusal))?;
    println!("{email} is {} now", role.as_str());
    Ok(())
}

pub async fn end_sessions(config: Config, email: &str) -> Result<(), Failure> {
    let email = address(email)?;
    let keel = alone(config).await?;
    let ended = sessions::end_for_operator(&SystemGrant::new(&keel, "end-sessions"), &email).await;
    keel.close().await;
    ended.map_err(|refusal| of_person(&email, refusal))?;
    println!("every session of {email} is over");
    Ok(())
}

fn address(text: &str) -> Result<Email, Failure> {
    Email::parse(text).map_err(|_| Failure::Command(format!("{text} is not an address")))
}

fn of_person(email: &Email, refusal: Refusal) -> Failure {
    match refusal {
        Refusal::NotFound => Failure::Command(format!("nobody has signed up as {email}")),
        refusal => told(refusal),
    }
}

fn told(refusal: Refusal) -> Failure {
    Failure::Command(match refusal {
        Refusal::NotFound => "there is no such thing".to_owned(),
        Refusal::Refused(Code::PriceUnknown) => "Stripe refused a price".to_owned(),
        Refusal::Internal { reference } => format!("a fault; the log says more under {reference}"),
        other => format!("refused: {}", other.code().as_str()),
    })
}
