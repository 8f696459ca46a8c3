#!/bin/sh
# Makes the passwords that compose.yaml names, each with the URL that holds it, in deploy/secrets. What is there stays.
set -eu
umask 077
directory=$(dirname "$0")/secrets
mkdir -p "$directory"

secret() { # NAME SCHEME HOST-AND-REST
    [ -e "$directory/$1_password" ] && return
    password=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
    printf '%s' "$password" >"$directory/$1_password"
    printf '%s' "$2:$password@$3" >"$directory/$4"
}

secret postgres postgres://landfall postgres:5432/landfall database_url
secret redis redis:// redis:6379 redis_url
secret nats nats://landfall nats:4222 nats_url
# They are mounted as they are, and the containers' users are not this one. Nobody else gets past the directory.
chmod 444 "$directory"/*
