-- Secrets, sealed, and the keys that they are under, wrapped. Moments are microseconds since 1970, by the server's clock
-- except for when a key was made. Names are compared by their bytes, which is by their code points.

-- Each write of a row takes a number that no row has had before, not even a deleted one.
create sequence sallyport_vault_version;

-- The version of the newest ring. Its one row is held by whoever replaces a ring, so that whoever sees a version sees
-- all lesser ones, too.
create table sallyport_vault_newest (
    id int primary key,
    ring bigint not null
);
insert into sallyport_vault_newest (id, ring) values (1, 0);

create table sallyport_vault_ring (
    tenant text collate "C" primary key,
    version bigint not null,
    -- The key that is primary. Who writes a row under it shares this row; who replaces the ring holds it alone.
    primary_key bigint
);

create table sallyport_vault_key (
    tenant text collate "C" not null,
    -- Its place among the tenant's keys, in the order in which they were made.
    place int not null,
    key_id bigint not null,
    state text not null,
    wrapped bytea not null,
    kek text not null,
    created bigint not null,
    primary key (tenant, key_id)
);
create unique index sallyport_vault_key_primary on sallyport_vault_key (tenant) where state = 'PRIMARY';

create table sallyport_vault_row (
    tenant text collate "C" not null,
    namespace text collate "C" not null,
    name text collate "C" not null,
    version bigint not null,
    key_id bigint not null,
    sealed bytea not null,
    -- When it was written last, not when it was sealed anew.
    written bigint not null,
    primary key (tenant, namespace, name)
);
-- What is encrypted does not get smaller: do not even try.
alter table sallyport_vault_row alter column sealed set storage external;
create index sallyport_vault_row_key on sallyport_vault_row (tenant, key_id, namespace, name);

create table sallyport_vault_node (
    node text collate "C" primary key,
    -- Up to which version it knows all rings.
    ring bigint not null,
    -- When its lease is over.
    until bigint not null
);
