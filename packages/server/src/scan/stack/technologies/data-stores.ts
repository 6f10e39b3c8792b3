import type { Technology } from '../technology.ts';

const runtime = { runtime: true } as const;

/** Databases, caches, search and queues, by their drivers and images. */
export const dataStores: readonly Technology[] = [
  {
    name: 'postgresql',
    from: 'image:postgres image:postgresql image:postgis image:timescaledb* image:pgvector npm:pg npm:postgres npm:pg-promise npm:@vercel/postgres npm:@neondatabase/serverless pypi:psycopg* pypi:asyncpg pypi:pg8000 go:github.com/lib/pq go:github.com/jackc/pgx* go:gorm.io/driver/postgres cargo:tokio-postgres cargo:postgres maven:org.postgresql:postgresql maven:org.postgresql:r2dbc-postgresql rubygems:pg nuget:npgsql* hex:postgrex deno:postgres swift:postgres-nio swift:fluent-postgres-driver pub:postgres',
    ...runtime,
  },
  {
    name: 'mysql',
    from: 'image:mysql image:mysql-server image:percona npm:mysql npm:mysql2 pypi:mysqlclient pypi:pymysql pypi:mysql-connector-python pypi:aiomysql go:github.com/go-sql-driver/mysql go:gorm.io/driver/mysql cargo:mysql* maven:mysql:mysql-connector-java maven:com.mysql:mysql-connector-j rubygems:mysql2 nuget:mysql* nuget:pomelo.entityframeworkcore.mysql hex:myxql',
    ...runtime,
  },
  {
    name: 'mariadb',
    from: 'image:mariadb npm:mariadb pypi:mariadb maven:org.mariadb.jdbc:mariadb-java-client',
    ...runtime,
  },
  {
    name: 'sqlite',
    from: 'npm:sqlite3 npm:better-sqlite3 npm:sqlite npm:expo-sqlite pypi:aiosqlite go:github.com/mattn/go-sqlite3 go:modernc.org/sqlite go:gorm.io/driver/sqlite cargo:rusqlite maven:org.xerial:sqlite-jdbc rubygems:sqlite3 nuget:microsoft.data.sqlite* nuget:microsoft.entityframeworkcore.sqlite hex:ecto_sqlite3 pub:sqflite pub:drift',
    ...runtime,
  },
  {
    name: 'mongodb',
    from: 'image:mongo image:mongodb npm:mongodb npm:mongoose pypi:pymongo pypi:motor pypi:mongoengine pypi:beanie go:go.mongodb.org/mongo-driver* cargo:mongodb maven:org.mongodb:* maven:org.springframework.boot:spring-boot-starter-data-mongodb* rubygems:mongoid rubygems:mongo nuget:mongodb.driver hex:mongodb_driver composer:mongodb/mongodb',
    ...runtime,
  },
  {
    name: 'redis',
    from: 'image:redis image:redis-stack* image:valkey npm:redis npm:ioredis pypi:redis pypi:aioredis pypi:django-redis go:github.com/redis/go-redis* go:github.com/go-redis/redis* cargo:redis maven:redis.clients:jedis maven:io.lettuce:lettuce-core maven:org.springframework.boot:spring-boot-starter-data-redis* rubygems:redis nuget:stackexchange.redis hex:redix composer:predis/predis',
    ...runtime,
  },
  {
    name: 'memcached',
    from: 'image:memcached pypi:pymemcache pypi:python-memcached rubygems:dalli npm:memcached',
    ...runtime,
  },
  {
    name: 'elasticsearch',
    from: 'image:elasticsearch npm:@elastic/elasticsearch pypi:elasticsearch* go:github.com/elastic/go-elasticsearch* maven:org.elasticsearch.client:* maven:co.elastic.clients:* rubygems:elasticsearch* nuget:nest composer:elasticsearch/elasticsearch',
    ...runtime,
  },
  {
    name: 'opensearch',
    from: 'image:opensearch npm:@opensearch-project/opensearch pypi:opensearch-py',
    ...runtime,
  },
  {
    name: 'meilisearch',
    from: 'image:meilisearch npm:meilisearch pypi:meilisearch rubygems:meilisearch*',
    ...runtime,
  },
  {
    name: 'cassandra',
    from: 'image:cassandra npm:cassandra-driver pypi:cassandra-driver go:github.com/gocql/gocql',
    ...runtime,
  },
  { name: 'neo4j', from: 'image:neo4j npm:neo4j-driver pypi:neo4j', ...runtime },
  {
    name: 'clickhouse',
    from: 'image:clickhouse* npm:@clickhouse/client pypi:clickhouse*',
    ...runtime,
  },
  { name: 'influxdb', from: 'image:influxdb pypi:influxdb* npm:@influxdata/*', ...runtime },
  {
    name: 'dynamodb',
    from: 'image:dynamodb-local npm:@aws-sdk/client-dynamodb npm:dynamoose pypi:pynamodb',
    ...runtime,
  },
  {
    name: 'sqlserver',
    from: 'image:mssql* image:azure-sql-edge npm:mssql pypi:pymssql nuget:microsoft.data.sqlclient nuget:microsoft.entityframeworkcore.sqlserver maven:com.microsoft.sqlserver:*',
    ...runtime,
  },
  {
    name: 'oracle',
    from: 'pypi:cx-oracle pypi:oracledb npm:oracledb maven:com.oracle.database.jdbc:*',
    ...runtime,
  },
  { name: 'duckdb', from: 'npm:duckdb pypi:duckdb', ...runtime },
  { name: 'qdrant', from: 'image:qdrant pypi:qdrant-client npm:@qdrant/*', ...runtime },
  { name: 'chroma', from: 'image:chroma pypi:chromadb npm:chromadb', ...runtime },
  {
    name: 'supabase',
    from: 'npm:@supabase/supabase-js pypi:supabase pub:supabase_flutter',
    ...runtime,
  },
  {
    name: 'firebase',
    from: 'npm:firebase npm:firebase-admin pypi:firebase-admin pub:firebase_core maven:com.google.firebase:* plugin:com.google.gms.google-services',
    files: 'firebase.json',
    ...runtime,
  },
  {
    name: 'minio',
    from: 'image:minio npm:minio pypi:minio go:github.com/minio/minio-go*',
    ...runtime,
  },
  {
    name: 'kafka',
    from: 'image:kafka image:cp-kafka image:redpanda npm:kafkajs pypi:kafka-python pypi:confluent-kafka pypi:aiokafka go:github.com/segmentio/kafka-go go:github.com/IBM/sarama cargo:rdkafka maven:org.apache.kafka:* maven:org.springframework.kafka:* nuget:confluent.kafka rubygems:ruby-kafka',
    ...runtime,
  },
  {
    name: 'rabbitmq',
    from: 'image:rabbitmq npm:amqplib pypi:pika pypi:aio-pika go:github.com/rabbitmq/amqp091-go cargo:lapin maven:com.rabbitmq:amqp-client maven:org.springframework.boot:spring-boot-starter-amqp nuget:rabbitmq.client rubygems:bunny hex:amqp composer:php-amqplib/php-amqplib',
    ...runtime,
  },
  {
    name: 'nats',
    from: 'image:nats npm:nats pypi:nats-py go:github.com/nats-io/nats.go',
    ...runtime,
  },
  {
    name: 'mqtt',
    from: 'image:eclipse-mosquitto npm:mqtt pypi:paho-mqtt go:github.com/eclipse/paho.mqtt.golang',
    ...runtime,
  },
];
