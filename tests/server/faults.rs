//! Every fault and every freedom shows in Okta's own traffic: one that does not would be a
//! promise that `--fault` cannot keep.

use std::collections::HashMap;

use scim_conform::server::{Fault, Freedom, Policy};

use super::traffic::transcript;

#[test]
fn the_known_good_traffic_is_the_same_every_time() {
    assert_eq!(transcript(Policy::default()), transcript(Policy::default()));
}

/// What Okta's own traffic does not meet: its certification suite sends the first two, the third is in a header, and
/// nobody but a probe, or an app of another kind, sends what the others are about. The trial of the judge holds that
/// each of them is seen.
const BESIDE_OKTA: [Fault; 38] = [
    Fault::ClientChosenId,
    Fault::PlainJsonRefused,
    Fault::ContentEncodingWrong,
    Fault::MalformedFilter500,
    Fault::UnknownOperationAccepted,
    Fault::ListNeedsParameters,
    Fault::PagingCorners500,
    Fault::FilterWordsCaseSensitive,
    Fault::OtherFiltersIgnored,
    Fault::ActiveFilterFromOtherColumn,
    Fault::ForwardedHostReflected,
    Fault::AttributeSelectionIgnored,
    Fault::TextForBooleanIgnored,
    Fault::LastAdministratorDeactivated,
    Fault::DeactivationReachesLocalAccounts,
    Fault::LocalAccountsHidden,
    Fault::AnyPathServed,
    Fault::PatchWithPathIgnored,
    Fault::SecondaryEmailPromoted,
    Fault::PutGoesByBodyId,
    Fault::FirstOperationWins,
    Fault::GroupExtensionRefused,
    Fault::RepeatedMemberInPut500,
    Fault::AbsentMemberRemoval500,
    Fault::InactiveMembersIgnored,
    Fault::MalformedJson500,
    Fault::OddMethods500,
    Fault::ConditionalRequests500,
    Fault::TenantsNotApart,
    Fault::RootPath500,
    Fault::ChunkedBodyUnread,
    Fault::DiscoveryAsArrays,
    Fault::UserSchemaMissing,
    Fault::ExtensionsNotAnnounced,
    Fault::ActiveAnnouncedAsString,
    Fault::EntitlementTypesMissing,
    Fault::EntitlementNameMissing,
    Fault::EntitlementCountIgnored,
];

#[test]
fn every_fault_changes_what_okta_sees_in_its_own_way() {
    let mut seen = HashMap::from([(transcript(Policy::default()), "no fault")]);
    let mut same = Vec::new();
    for fault in Fault::ALL
        .iter()
        .copied()
        .filter(|fault| !BESIDE_OKTA.contains(fault))
    {
        let transcript = transcript(Policy::default().with_fault(fault));
        if let Some(other) = seen.insert(transcript, fault.name()) {
            same.push((other, fault.name()));
        }
    }
    assert!(same.is_empty(), "nobody can tell these apart: {same:?}");
}

#[test]
fn every_freedom_changes_what_okta_sees_in_its_own_way() {
    let mut seen = HashMap::from([(transcript(Policy::default()), "no freedom")]);
    let mut same = Vec::new();
    for freedom in Freedom::ALL.iter().copied() {
        let transcript = transcript(Policy::default().with_freedom(freedom));
        if let Some(other) = seen.insert(transcript, freedom.name()) {
            same.push((other, freedom.name()));
        }
    }
    assert!(same.is_empty(), "nobody can tell these apart: {same:?}");
}
