-- Secrets, sealed, and the keys that they are under, wrapped. Moments are microseconds since 1970, by the database's clock
-- except for when a key was made. Names are in UTF-8: what a database says of the order of letters does not touch them.

-- Each write of a row takes a number that no row has had before, not even a deleted one.
create sequence if not exists sallyport_vault_version;

-- The version of the newest ring. Its one row is held by whoever replaces a ring, so that whoever sees a version sees
-- all lesser ones, too.
create table if not exists sallyport_vault_newest (
    id int not null primary key,
    ring bigint not null
);
insert into sallyport_vault_newest (id, ring)
    select 1, 0 where not exists (select 1 from sallyport_vault_newest);

create table if not exists sallyport_vault_ring (
    tenant varbinary(2048) not null primary key,
    version bigint not null,
    -- The key that is primary. Who writes a row, and who replaces the ring, holds this row.
    primary_key bigint
);

create table if not exists sallyport_vault_key (
    tenant varbinary(2048) not null,
    -- Its place among the tenant's keys, in the order in which they were made.
    place int not null,
    key_id bigint not null,
    state varchar(20) not null,
    wrapped varbinary not null,
    kek varchar not null,
    created bigint not null,
    primary key (tenant, key_id)
);

create table if not exists sallyport_vault_row (
    tenant varbinary(2048) not null,
    namespace varbinary(2048) not null,
    name varbinary(2048) not null,
    version bigint not null,
    key_id bigint not null,
    sealed binary large object not null,
    -- When it was written last, not when it was sealed anew.
    written bigint not null,
    primary key (tenant, namespace, name)
);
create index if not exists sallyport_vault_row_key on sallyport_vault_row (tenant, key_id, namespace, name);

create table if not exists sallyport_vault_node (
    node varbinary(2048) not null primary key,
    -- Up to which version it knows all rings.
    ring bigint not null,
    -- When its lease is over.
    until bigint not null
);
