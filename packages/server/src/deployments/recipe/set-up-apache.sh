# In an image of php with Apache: serves a folder of /app on the port of the variable PORT, and gives
# the files to the user that Apache's workers run as. `sh set-up-apache.sh <folder>`
set -eu
root=/app
if [ "$1" != . ]; then root=/app/$1; fi
# Rules of its own say what becomes of a path that is no file.
fallback='FallbackResource /index.php'
if [ -f "$root/.htaccess" ]; then fallback=; fi
echo 'Listen ${PORT}' >/etc/apache2/ports.conf
cat >/etc/apache2/sites-available/000-default.conf <<END
ServerName localhost
ServerTokens Prod
ServerSignature Off
<VirtualHost *:\${PORT}>
  DocumentRoot "$root"
  ErrorLog /dev/stderr
  CustomLog /dev/stdout combined
</VirtualHost>
<Directory "$root">
  Options FollowSymLinks
  AllowOverride All
  Require all granted
  DirectoryIndex index.php index.html
  $fallback
</Directory>
<DirectoryMatch "/\.(?!well-known(/|$))">
  Require all denied
</DirectoryMatch>
<FilesMatch "^\.|^(composer\.(json|lock)|Dockerfile|Procfile|borgos\.json)$">
  Require all denied
</FilesMatch>
END
chown -R www-data:www-data /app
