-- How many calls may still be made, in Bucket4j's own form.
create table if not exists sallyport_bucket (
    name varchar(300) primary key,
    state varbinary(4096) not null,
    -- From when on it is full, in milliseconds since 1970 by the server's clock; then it need not be kept.
    until bigint not null
);
create index if not exists sallyport_bucket_until on sallyport_bucket (until);

-- What operators have changed at run time, by the limit's name.
create table if not exists sallyport_limit (
    name varchar(64) primary key,
    text varchar(1000) not null
);
