/* MiniBrowser that keeps a profile while it is driven: preloaded, this puts it into WEBKIT_PROFILE. By itself it would keep none. */
#include <stdlib.h>

void *webkit_website_data_manager_new(const char *first_property, ...);

void *webkit_website_data_manager_new_ephemeral(void) {
  const char *folder = getenv("WEBKIT_PROFILE");
  return webkit_website_data_manager_new("base-data-directory", folder, "base-cache-directory", folder, (char *)0);
}
