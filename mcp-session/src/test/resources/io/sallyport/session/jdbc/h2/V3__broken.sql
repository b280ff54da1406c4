create table third (id int primary key);
this is not sql;
