@echo off
rem Starts Radiata on Windows: in a checkout (building it first where needed) or in an installed copy,
rem where this script lies in bin\ beside lib\.
setlocal EnableExtensions
set "HERE=%~dp0"
set "HOME_FOUND="
for %%H in ("%RADIATA_JAVA_HOME%" "%JAVA_HOME%") do if not defined HOME_FOUND call :try "%%~H"
if not defined HOME_FOUND for /d %%H in ("%ProgramFiles%\Eclipse Adoptium\*" "%ProgramFiles%\Java\*" "%ProgramFiles%\Microsoft\jdk*" "%ProgramFiles%\Zulu\*" "%USERPROFILE%\.jdks\*") do if not defined HOME_FOUND call :try "%%~H"
if not defined HOME_FOUND (
  echo radiata: no JDK 25 or newer found; install one ^(https://adoptium.net^) and set JAVA_HOME or RADIATA_JAVA_HOME to it 1>&2
  exit /b 69
)
if exist "%HERE%cli\pom.xml" (
  set "LIB=%HERE%cli\target\radiata\lib"
) else (
  set "LIB=%HERE%..\lib"
)
if not exist "%LIB%\radiata-cli-*.jar" (
  if not exist "%HERE%mvnw.cmd" (
    echo radiata: %LIB% holds no radiata-cli jar; install Radiata anew 1>&2
    exit /b 1
  )
  echo radiata: building from source; this is done once 1>&2
  pushd "%HERE%"
  set "JAVA_HOME=%HOME_FOUND%"
  call mvnw.cmd -q -Dquick -DskipTests package 1>&2
  popd
)
"%HOME_FOUND%\bin\java" -Xms192m -Xmn96m -Xmx512m -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED %RADIATA_JAVA_OPTS% -cp "%LIB%\*" radiata.cli.Main %*
exit /b %ERRORLEVEL%

:try
if not exist "%~1\bin\java.exe" exit /b 0
if not exist "%~1\release" exit /b 0
for /f tokens^=2^ delims^=^" %%V in ('findstr /b "JAVA_VERSION=" "%~1\release"') do (
  for /f "delims=." %%M in ("%%V") do if %%M GEQ 25 set "HOME_FOUND=%~1"
)
exit /b 0
