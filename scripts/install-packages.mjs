// Installs the Debian packages that building and testing need: vagrant/provision.sh runs it in the machine.

import { BUILD, installMissing, TEST } from './packages.mjs';

installMissing(BUILD);
// After the compiler, by whose version one of these is named.
installMissing(TEST);
