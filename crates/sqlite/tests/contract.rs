//! What every store must do, this one does: with an index of allocations that lags far behind, as by
//! default, and with one that hardly lags.

mod database;

mod lagging {
    landfall_testkit::store_contract!(crate::database::Sqlite<32_768>);
}

mod prompt {
    landfall_testkit::store_contract!(crate::database::Sqlite<1>);
}

mod relays {
    landfall_testkit::relays_contract!(crate::database::Sqlite<32_768>);
}

mod desk {
    landfall_testkit::desk_contract!(crate::database::Sqlite<32_768>);
}
