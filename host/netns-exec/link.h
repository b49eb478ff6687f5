/* Network devices of the present namespace, through the kernel's ioctl interface (netdevice(7)). */
#ifndef LINK_H
#define LINK_H

/* The longest name of a network device, with its terminating zero (IFNAMSIZ of the kernel). */
#define LINK_NAME_SIZE 16

void link_up(const char *name);
/* Makes a tap that stays without anybody holding it, and that our uid may open without capabilities. */
void make_tap(const char *name);
/* Attaches to a tap as the VMM will, and lets go of it again. */
void try_tap(const char *name);

#endif
