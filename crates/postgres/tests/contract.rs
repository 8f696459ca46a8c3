//! What every store must do, this one does: with one partition, and with as many as by default.

mod database;

mod one {
    landfall_testkit::store_contract!(crate::database::Pg<1>);
}

mod sixteen {
    landfall_testkit::store_contract!(crate::database::Pg<16>);
}

mod desk_of_one {
    landfall_testkit::desk_contract!(crate::database::Pg<1>);
}

mod desk_of_sixteen {
    landfall_testkit::desk_contract!(crate::database::Pg<16>);
}
