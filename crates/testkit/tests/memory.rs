//! The database in memory keeps the contract, in one partition and in several.

landfall_testkit::store_contract!(landfall_testkit::Memory);

mod several {
    landfall_testkit::store_contract!(landfall_testkit::MemoryOf<4>);
}

mod relays_of_one {
    landfall_testkit::relays_contract!(landfall_testkit::Memory);
}

mod relays_of_several {
    landfall_testkit::relays_contract!(landfall_testkit::MemoryOf<4>);
}

mod desk_of_one {
    landfall_testkit::desk_contract!(landfall_testkit::Memory);
}

mod desk_of_several {
    landfall_testkit::desk_contract!(landfall_testkit::MemoryOf<4>);
}
