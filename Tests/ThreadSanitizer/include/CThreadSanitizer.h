#pragma once

// Nothing to import: the linker takes these functions in the place of the libraries'.
