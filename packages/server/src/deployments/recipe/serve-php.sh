# Serves a folder with PHP: by Apache in a container, else by PHP's own server.
# `sh serve-php.sh <folder>`
set -eu
folder=$1
export PORT="${PORT:-80}" HOST="${HOST:-0.0.0.0}"
if command -v apache2-foreground >/dev/null 2>&1; then
  exec apache2-foreground
fi
# One at a time would let a page wait for what it asks of itself.
export PHP_CLI_SERVER_WORKERS="${PHP_CLI_SERVER_WORKERS:-4}"
exec php -S "$HOST:$PORT" -t "$folder"
