/* SPDX-License-Identifier: Apache-2.0 */
/* What is permitted, and each time one thing wrong with it. */
#include "say.h"
#include "test.h"

#define PUBLIC  "93.184.216.34"
#define PUBLIC6 "2606:2800::34"

static const struct row {
    const char *rules, *question, *decision;
    const char *where; /* NULL = any */
} rows[] = {
    /* nothing, everything */
    {"", "tcp " PUBLIC " 443", "no-rule", NULL},
    {"shut", "tcp " PUBLIC " 443", "no-rule", "layer 1"},
    {"open", "tcp " PUBLIC " 443", "permit", "layer 1"},
    {"open", "udp " PUBLIC6 " 443", "permit", "layer 1"},
    {"open", "icmp " PUBLIC " 0", "permit", "layer 1"},
    {"open", "icmp " PUBLIC " 1", "no-rule", NULL},
    {"open", "tcp " PUBLIC " 0", "no-rule", NULL},
    {"open", "udp " PUBLIC " 0", "no-rule", NULL},
    {"open", "any " PUBLIC " 443", "no-rule", NULL},
    {"allow", "tcp " PUBLIC " 443", "permit", "allow"},
    {"allow; deny", "tcp " PUBLIC " 443", "by-rule", "deny"},
    {"open; deny", "icmp " PUBLIC " 0", "by-rule", "deny"},

    /* blocks and exceptions */
    {"allow to=93.184.216.0/24", "tcp " PUBLIC " 443", "permit", "allow to=93.184.216.0/24"},
    {"allow to=93.184.217.0/24", "tcp " PUBLIC " 443", "no-rule", "layer 1"},
    {"allow to=93.184.216.0/24!93.184.216.34", "tcp " PUBLIC " 443", "no-rule", NULL},
    {"allow to=93.184.216.0/24!93.184.216.34", "tcp 93.184.216.35 443", "permit", NULL},
    {"allow to=93.184.216.0/24!93.184.216.34 to=93.184.216.34", "tcp " PUBLIC " 443", "permit", NULL},
    {"allow to=0.0.0.0/0", "tcp " PUBLIC6 " 443", "no-rule", NULL},
    {"allow to=::/0", "tcp " PUBLIC6 " 443", "permit", NULL},
    {"allow to=::/0", "tcp " PUBLIC " 443", "no-rule", NULL},
    {"allow to=0.0.0.0/0; deny to=93.184.216.34", "tcp " PUBLIC " 443", "by-rule", "deny to=93.184.216.34"},
    {"allow to=0.0.0.0/0; deny to=93.184.216.35", "tcp " PUBLIC " 443", "permit", NULL},
    {"allow to=0.0.0.0/0; deny to=93.184.0.0/16!93.184.216.34", "tcp " PUBLIC " 443", "permit", NULL},
    {"allow to=0.0.0.0/0; deny to=93.184.0.0/16!93.184.216.35", "tcp " PUBLIC " 443", "by-rule", NULL},
    {"allow to=93.184.216.34; allow to=1.0.0.0/8", "tcp 1.2.3.4 443", "permit", "allow to=1.0.0.0/8"},

    /* ports and protocols */
    {"allow tcp:443", "tcp " PUBLIC " 443", "permit", NULL},
    {"allow tcp:443", "tcp " PUBLIC " 444", "no-rule", NULL},
    {"allow tcp:443", "udp " PUBLIC " 443", "no-rule", NULL},
    {"allow any:443", "udp " PUBLIC " 443", "permit", NULL},
    {"allow any:443", "icmp " PUBLIC " 0", "no-rule", NULL},
    {"allow any", "icmp " PUBLIC " 0", "permit", NULL},
    {"allow tcp", "icmp " PUBLIC " 0", "no-rule", NULL},
    {"allow icmp", "icmp " PUBLIC " 0", "permit", NULL},
    {"allow icmp", "tcp " PUBLIC " 1", "no-rule", NULL},
    {"allow tcp:80-90", "tcp " PUBLIC " 80", "permit", NULL},
    {"allow tcp:80-90", "tcp " PUBLIC " 90", "permit", NULL},
    {"allow tcp:80-90", "tcp " PUBLIC " 79", "no-rule", NULL},
    {"allow tcp:80-90", "tcp " PUBLIC " 91", "no-rule", NULL},
    {"allow tcp:1-65535", "tcp " PUBLIC " 65535", "permit", NULL},
    {"allow tcp:80 udp:53", "udp " PUBLIC " 53", "permit", NULL},
    {"allow tcp:80 udp:53", "tcp " PUBLIC " 53", "no-rule", NULL},
    {"open; deny tcp:25", "tcp " PUBLIC " 25", "by-rule", "deny tcp:25"},
    {"open; deny tcp:25", "tcp " PUBLIC " 26", "permit", NULL},
    {"open; deny tcp:25", "udp " PUBLIC " 25", "permit", NULL},
    {"open; deny any:25", "udp " PUBLIC " 25", "by-rule", NULL},
    {"open; deny any:25", "icmp " PUBLIC " 0", "permit", NULL},
    {"open; deny udp", "udp " PUBLIC " 443", "by-rule", NULL},
    {"open; deny icmp", "icmp " PUBLIC " 0", "by-rule", NULL},

    /* layers: all of them; a deny rule of any */
    {"open | shut", "tcp " PUBLIC " 443", "no-rule", "layer 2"},
    {"shut | open", "tcp " PUBLIC " 443", "no-rule", "layer 1"},
    {"open | allow tcp:443", "tcp " PUBLIC " 443", "permit", "allow tcp:443"},
    {"open | allow tcp:443", "tcp " PUBLIC " 80", "no-rule", "layer 2"},
    {"allow tcp:443 | allow to=93.184.216.34", "tcp " PUBLIC " 443", "permit", "allow tcp:443"},
    {"allow tcp:443 | allow to=93.184.216.34", "tcp 93.184.216.35 443", "no-rule", "layer 2"},
    {"allow tcp:443 | open; deny to=93.184.216.34", "tcp " PUBLIC " 443", "by-rule", "deny to=93.184.216.34"},
    {"open; deny to=93.184.216.34 | open", "tcp " PUBLIC " 443", "by-rule", NULL},

    {"limit | limit", "tcp " PUBLIC " 443", "permit", "layer 1"}, /* compared, never enforced */
    {"limit | limit", "tcp 169.254.169.254 443", "permit", NULL},
    {"limit; deny tcp:443", "tcp " PUBLIC " 443", "by-rule", NULL},
    {"limit | shut", "tcp " PUBLIC " 443", "no-rule", "layer 2"},
    {"allow tcp:443 | limit", "tcp " PUBLIC " 443", "permit", "allow tcp:443"},
    {"limit | open", "tcp " PUBLIC " 443", "permit", "layer 2"},
    {"limit; deny tcp:443 | open", "tcp " PUBLIC " 443", "by-rule", "deny tcp:443"},
    {"limit; deny tcp:443 | open", "tcp " PUBLIC " 444", "permit", "layer 2"},

    /* never */
    {"open", "tcp 127.0.0.1 80", "special", NULL},
    {"allow to=127.0.0.1", "tcp 127.0.0.1 80", "special", NULL},
    {"allow to=::1", "tcp ::1 80", "special", NULL},
    {"allow to=0.0.0.0", "tcp 0.0.0.0 80", "special", NULL},
    {"allow to=::", "tcp :: 80", "special", NULL},
    {"allow to=224.0.0.251", "udp 224.0.0.251 5353", "special", NULL},
    {"allow to=255.255.255.255", "udp 255.255.255.255 67", "special", NULL},
    {"allow to=ff02::fb", "udp ff02::fb 5353", "special", NULL},
    {"allow to=64:ff9b:1::/48", "tcp 64:ff9b:1::5db8:d822 80", "special", NULL},
    {"open", "tcp 64:ff9b::127.0.0.1 80", "special", NULL},
    {"allow to=64:ff9b::127.0.0.1", "tcp 64:ff9b::127.0.0.1 80", "special", NULL},
    {"open", "tcp 2002:7f00:1::1 80", "special", NULL},
    {"open", "tcp 2001:0:102:304::80ff:fffe 80", "special", NULL},
    {"open", "tcp ::ffff:127.0.0.1 80", "special", NULL},
    {"open", "tcp ::127.0.0.1 80", "special", NULL},
    {"open", "tcp 2606:2800::5efe:127.0.0.1 80", "special", NULL},

    /* link-local and metadata: only by a block among them */
    {"open", "tcp 169.254.169.254 80", "special", "layer 1"},
    {"allow", "tcp 169.254.169.254 80", "special", "allow"},
    {"allow to=0.0.0.0/0", "tcp 169.254.169.254 80", "special", "allow to=0.0.0.0/0"},
    {"allow to=169.0.0.0/8", "tcp 169.254.169.254 80", "special", NULL},
    {"allow to=168.0.0.0/7", "tcp 169.254.169.254 80", "special", NULL},
    {"allow to=169.254.0.0/16", "tcp 169.254.169.254 80", "permit", NULL},
    {"allow to=169.254.169.254", "tcp 169.254.169.254 80", "permit", NULL},
    {"allow to=169.254.169.253", "tcp 169.254.169.254 80", "no-rule", NULL},
    {"allow to=169.254.0.0/16!169.254.169.254", "tcp 169.254.169.254 80", "no-rule", NULL},
    {"allow to=169.254.0.0/16 tcp:80", "tcp 169.254.169.254 81", "no-rule", NULL},
    {"allow to=169.254.169.254 | open", "tcp 169.254.169.254 80", "special", NULL},
    {"allow to=169.254.169.254 | limit", "tcp 169.254.169.254 80", "permit", NULL},
    {"limit | open", "tcp 169.254.169.254 80", "special", NULL},
    {"allow to=169.254.169.254 | limit; deny to=169.254.0.0/16", "tcp 169.254.169.254 80", "by-rule", NULL},
    {"allow to=169.254.169.254 | allow to=169.254.0.0/16", "tcp 169.254.169.254 80", "permit", NULL},
    {"allow to=169.254.169.254; deny to=169.254.0.0/16", "tcp 169.254.169.254 80", "by-rule", NULL},
    {"open", "tcp 100.100.100.200 80", "special", NULL},
    {"allow to=100.64.0.0/10", "tcp 100.100.100.200 80", "special", NULL},
    {"allow to=100.64.0.0/10", "tcp 100.100.100.201 80", "permit", NULL},
    {"allow to=100.100.100.200", "tcp 100.100.100.200 80", "permit", NULL},
    {"open", "tcp 168.63.129.16 80", "special", NULL},
    {"open", "tcp 168.63.129.17 80", "permit", NULL},
    {"open", "tcp fd00:ec2::254 80", "special", NULL},
    {"allow to=fc00::/7", "tcp fd00:ec2::254 80", "special", NULL},
    {"allow to=fc00::/7", "tcp fd00:ec3::254 80", "permit", NULL},
    {"allow to=fd00:ec2::254", "tcp fd00:ec2::254 80", "permit", NULL},
    {"open", "tcp fe80::1 80", "special", NULL},
    {"allow to=fe80::/64", "tcp fe80::1 80", "permit", NULL},
    {"allow to=m.test", "tcp 169.254.169.254 80 for=m.test", "special m.test", "allow to=m.test"},
    {"allow to=m.test@0.0.0.0/0", "tcp 169.254.169.254 80 for=m.test", "special m.test", NULL},
    {"allow to=m.test@169.254.169.254", "tcp 169.254.169.254 80 for=m.test", "ask m.test", NULL},
    {"allow to=m.test@169.254.169.254", "tcp 169.254.169.254 80", "not-resolved", NULL},

    /* in other spellings */
    {"open", "tcp ::ffff:169.254.169.254 80", "special", NULL},
    {"allow to=169.254.0.0/16", "tcp ::ffff:169.254.169.254 80", "permit", NULL},
    {"allow to=::ffff:169.254.0.0/112", "tcp 169.254.169.254 80", "permit", NULL},
    {"allow to=::ffff:0.0.0.0/96", "tcp 169.254.169.254 80", "special", NULL},
    {"allow to=::ffff:0.0.0.0/96", "tcp " PUBLIC " 80", "permit", NULL},
    {"allow to=::/0", "tcp ::ffff:93.184.216.34 80", "no-rule", NULL},
    {"allow to=0.0.0.0/0", "tcp ::ffff:93.184.216.34 80", "permit", NULL},
    {"open; deny to=93.184.216.34", "tcp ::ffff:93.184.216.34 80", "by-rule", NULL},
    {"open; deny to=::ffff:93.184.216.34", "tcp " PUBLIC " 80", "by-rule", NULL},
    {"open; deny to=::ffff:93.184.216.35", "tcp " PUBLIC " 80", "permit", NULL},
    {"open", "tcp 64:ff9b::93.184.216.34 80", "permit", NULL},
    {"open; deny to=93.184.216.34", "tcp 64:ff9b::93.184.216.34 80", "by-rule", NULL},
    {"open; deny to=93.184.216.0/24!93.184.216.34", "tcp 64:ff9b::93.184.216.34 80", "permit", NULL},
    {"open; deny to=93.184.216.34 tcp:81", "tcp 64:ff9b::93.184.216.34 80", "permit", NULL},
    {"open; deny to=93.184.216.34", "tcp 2002:5db8:d822::1 80", "by-rule", NULL},
    {"open; deny to=93.184.216.34", "tcp 2002:5db8:d823::1 80", "permit", NULL},
    {"open; deny to=93.184.216.34", "tcp 2001:0:102:304::a247:27dd 80", "by-rule", NULL},
    {"open; deny to=93.184.216.34", "tcp 2606:2800::5efe:93.184.216.34 80", "by-rule", NULL},
    {"allow to=93.184.216.34", "tcp 64:ff9b::93.184.216.34 80", "no-rule", NULL},
    {"open", "tcp 64:ff9b::169.254.169.254 80", "special", NULL},
    {"allow to=64:ff9b::/96", "tcp 64:ff9b::169.254.169.254 80", "special", NULL},
    {"allow to=169.254.169.254", "tcp 64:ff9b::169.254.169.254 80", "no-rule", NULL},
    {"allow to=64:ff9b::169.254.0.0/112", "tcp 64:ff9b::169.254.169.254 80", "permit", NULL},
    {"allow to=64:ff9b::169.254.0.0/111", "tcp 64:ff9b::169.254.169.254 80", "special", NULL},
    {"allow to=2002::/16", "tcp 2002:a9fe:a9fe::1 80", "special", NULL},
    {"allow to=2002:a9fe::/32", "tcp 2002:a9fe:a9fe::1 80", "permit", NULL},
    {"allow to=fd00:ec2::/32", "tcp fd00:ec2::5efe:169.254.1.1 80", "special", NULL}, /* both must be meant */
    {"allow to=fd00:ec2::5efe:169.254.0.0/112", "tcp fd00:ec2::5efe:169.254.1.1 80", "permit", NULL},
    {"allow to=64:ff9b::/96", "tcp 64:ff9b::10.0.0.1 80", "permit", NULL},
    {"allow to=a.test", "tcp 64:ff9b::10.0.0.1 80 for=a.test", "special a.test", NULL},
    {"allow to=a.test", "tcp 64:ff9b::93.184.216.34 80 for=a.test", "ask a.test", NULL},

    /* private: by any block, by a name alone never */
    {"open", "tcp 10.0.0.1 80", "permit", NULL},
    {"allow", "tcp 10.0.0.1 80", "permit", NULL},
    {"allow to=0.0.0.0/0", "tcp 192.168.1.1 80", "permit", NULL},
    {"allow to=a.test", "tcp 10.0.0.1 80 for=a.test", "special a.test", "allow to=a.test"},
    {"allow to=a.test", "tcp 10.0.0.1 80 for=a.test says=a.test", "special a.test", NULL},
    {"allow to=a.test", "tcp 10.0.0.1 80", "no-rule", NULL},
    {"allow to=a.test@10.0.0.0/8", "tcp 10.0.0.1 80 for=a.test", "ask a.test", NULL},
    {"allow to=a.test@10.0.0.0/8", "tcp 10.0.0.1 80 for=a.test says=a.test", "permit a.test", NULL},
    {"allow to=a.test@10.0.0.0/8", "tcp 11.0.0.1 80 for=a.test", "no-rule", NULL},
    {"allow to=a.test@10.0.0.0/8", "tcp 10.0.0.1 80 for=b.test", "not-resolved", NULL},
    {"allow to=a.test to=10.0.0.0/8", "tcp 10.0.0.1 80", "permit", NULL},
    {"allow to=a.test | open", "tcp 10.0.0.1 80 for=a.test", "special a.test", NULL},
    {"allow to=a.test@10.0.0.0/8 | open", "tcp 10.0.0.1 80 for=a.test", "ask a.test", NULL},
    {"allow to=a.test", "tcp fd12::1 80 for=a.test", "special a.test", NULL},
    {"allow to=a.test", "tcp 198.18.0.1 80 for=a.test", "special a.test", NULL},

    /* the host's own addresses: only by a block that is that address */
    {"open", "tcp " PUBLIC " 22 own", "special", "layer 1"},
    {"allow to=93.184.216.0/24", "tcp " PUBLIC " 22 own", "special", NULL},
    {"allow to=93.184.216.34/31", "tcp " PUBLIC " 22 own", "special", NULL},
    {"allow to=93.184.216.34", "tcp " PUBLIC " 22 own", "permit", NULL},
    {"allow to=93.184.216.35", "tcp " PUBLIC " 22 own", "no-rule", NULL},
    {"allow to=a.test", "tcp " PUBLIC " 22 own for=a.test", "special a.test", NULL},
    {"allow to=a.test@93.184.216.34", "tcp " PUBLIC " 22 own for=a.test", "ask a.test", NULL},
    {"allow to=169.254.0.0/16", "tcp 169.254.1.1 22 own", "special", NULL},
    {"allow to=169.254.1.1", "tcp 169.254.1.1 22 own", "permit", NULL},
    {"allow to=2606:2800::/64", "tcp " PUBLIC6 " 22 own", "special", NULL},
    {"allow to=2606:2800::34", "tcp " PUBLIC6 " 22 own", "permit", NULL},
    {"allow to=::ffff:93.184.216.34", "tcp " PUBLIC " 22 own", "permit", NULL},
    {"allow to=10.0.0.0/8", "tcp 10.0.0.1 22 own", "special", NULL},

    /* by name: before anything was said */
    {"allow to=a.test", "tcp " PUBLIC " 443 for=a.test", "ask a.test", "allow to=a.test"},
    {"allow to=a.test", "tcp " PUBLIC " 443", "not-resolved", "allow to=a.test"},
    {"allow to=a.test", "tcp " PUBLIC " 443 for=b.test", "not-resolved", NULL},
    {"allow to=a.test tcp:443", "tcp " PUBLIC " 444 for=a.test", "no-rule", NULL},
    {"allow to=a.test tcp:443", "tcp " PUBLIC " 444", "no-rule", NULL},
    {"allow to=*.a.test", "tcp " PUBLIC " 443 for=x.a.test", "ask x.a.test", NULL},
    {"allow to=*.a.test", "tcp " PUBLIC " 443 for=a.test", "not-resolved", NULL},
    {"allow to=*.a.test", "tcp " PUBLIC " 443 for=y.x.a.test", "not-resolved", NULL},
    {"allow to=b.test", "tcp " PUBLIC " 443 for=a.test,b.test", "ask b.test", NULL},
    {"allow to=a.test to=93.184.216.34", "tcp " PUBLIC " 443", "permit", NULL},
    {"allow to=a.test | allow tcp:443", "tcp " PUBLIC " 443 for=a.test", "ask a.test", "allow to=a.test"},
    {"allow tcp:443 | allow to=a.test", "tcp " PUBLIC " 443 for=a.test", "ask a.test", "allow to=a.test"},
    {"allow to=a.test | allow tcp:443", "tcp " PUBLIC " 444 for=a.test", "no-rule", "layer 2"},
    {"allow to=a.test | allow to=b.test", "tcp " PUBLIC " 443 for=a.test,b.test", "not-resolved", NULL},
    {"allow to=x.a.test | allow to=*.a.test", "tcp " PUBLIC " 443 for=x.a.test", "ask x.a.test", NULL},
    {"allow to=x.a.test | allow to=*.a.test", "tcp " PUBLIC " 443 for=y.a.test", "not-resolved", NULL},
    {"allow to=a.test; deny to=93.184.216.34", "tcp " PUBLIC " 443 for=a.test", "by-rule", "deny to=93.184.216.34"},
    {"allow to=a.test; deny to=a.test", "tcp " PUBLIC " 443 for=a.test", "by-rule a.test", "deny to=a.test"},
    {"allow to=a.test; deny to=a.test tcp:80", "tcp " PUBLIC " 443 for=a.test", "ask a.test", NULL},
    {"allow to=a.test; deny to=b.test", "tcp " PUBLIC " 443 for=a.test", "ask a.test", NULL},
    {"allow to=*.a.test; deny to=x.a.test", "tcp " PUBLIC " 443 for=x.a.test", "by-rule x.a.test", NULL},
    {"allow to=*.a.test; deny to=x.a.test", "tcp " PUBLIC " 443 for=x.a.test,y.a.test", "ask y.a.test", NULL},
    {"allow to=b.test; deny to=a.test", "tcp " PUBLIC " 443 for=a.test", "not-resolved", NULL},

    /* by name: what it says */
    {"allow to=a.test", "tcp " PUBLIC " 443 for=a.test says=a.test", "permit a.test", "allow to=a.test"},
    {"allow to=a.test", "tcp " PUBLIC " 443 for=a.test says=b.test", "other-name a.test", "allow to=a.test"},
    {"allow to=a.test to=b.test", "tcp " PUBLIC " 443 for=a.test says=b.test", "other-name a.test", NULL},
    {"allow to=a.test to=b.test", "tcp " PUBLIC " 443 for=a.test,b.test says=b.test", "permit b.test", NULL},
    {"allow to=a.test", "tcp " PUBLIC " 443 for=a.test,b.test says=b.test", "not-resolved", NULL},
    {"allow to=a.test", "tcp " PUBLIC " 443 says=a.test", "not-resolved", NULL},
    {"allow to=*.a.test", "tcp " PUBLIC " 443 for=x.a.test says=y.a.test", "other-name x.a.test", NULL},
    {"allow to=*.a.test", "tcp " PUBLIC " 443 for=x.a.test says=x.a.test", "permit x.a.test", NULL},
    {"allow to=a.test tcp:443", "tcp " PUBLIC " 80 for=a.test says=a.test", "no-rule", NULL},
    {"allow to=*.a.test; deny to=x.a.test", "tcp " PUBLIC " 443 for=x.a.test,y.a.test says=x.a.test", "by-rule x.a.test",
     "deny to=x.a.test"},
    {"allow to=*.a.test; deny to=x.a.test", "tcp " PUBLIC " 443 for=x.a.test,y.a.test says=y.a.test", "permit y.a.test",
     NULL},
    {"allow to=a.test | allow to=93.184.216.0/24", "tcp " PUBLIC " 443 for=a.test says=a.test", "permit a.test",
     "allow to=a.test"},
    {"allow to=a.test | allow to=93.184.217.0/24", "tcp " PUBLIC " 443 for=a.test says=a.test", "no-rule", "layer 2"},

    /* by name: nothing, or no name where one belongs */
    {"allow to=a.test", "tcp " PUBLIC " 22 for=a.test says=-", "permit a.test", NULL},
    {"allow to=a.test", "tcp " PUBLIC " 22 says=-", "not-resolved", NULL},
    {"allow to=a.test", "tcp " PUBLIC " 22 for=b.test says=-", "not-resolved", NULL},
    {"allow to=a.test", "tcp " PUBLIC " 22 for=a.test,b.test says=-", "shared b.test", "allow to=a.test"},
    {"allow to=a.test to=b.test", "tcp " PUBLIC " 22 for=a.test,b.test says=-", "permit a.test", NULL},
    {"allow to=*.a.test; deny to=y.a.test", "tcp " PUBLIC " 22 for=x.a.test,y.a.test says=-", "shared y.a.test", NULL},
    {"allow to=a.test tcp:22; allow to=b.test tcp:23", "tcp " PUBLIC " 22 for=a.test,b.test says=-", "shared b.test", NULL},
    {"allow to=a.test", "tcp " PUBLIC " 443 for=a.test says=?", "not-said a.test", "allow to=a.test"},
    {"allow to=a.test", "tcp " PUBLIC " 443 for=a.test,b.test says=?", "not-said a.test", NULL},
    {"allow to=a.test", "tcp " PUBLIC " 443 for=b.test says=?", "not-resolved", NULL},
    {"allow to=a.test to=93.184.216.34", "tcp " PUBLIC " 443 for=a.test says=?", "permit", NULL},
    {"open", "tcp " PUBLIC " 443 says=?", "permit", NULL},

    /* by address, with a name denied */
    {"open; deny to=b.test", "tcp " PUBLIC " 443", "ask", "deny to=b.test"},
    {"open; deny to=b.test tcp:80", "tcp " PUBLIC " 443", "permit", NULL},
    {"open; deny to=b.test@10.0.0.0/8", "tcp " PUBLIC " 443", "permit", NULL},
    {"open; deny to=b.test@93.0.0.0/8", "tcp " PUBLIC " 443", "ask", NULL},
    {"open; deny to=b.test", "tcp " PUBLIC " 443 says=a.test", "permit", NULL},
    {"open; deny to=b.test", "tcp " PUBLIC " 443 says=b.test", "by-rule", "deny to=b.test"},
    {"open; deny to=b.test", "tcp " PUBLIC " 443 for=b.test says=b.test", "by-rule b.test", NULL},
    {"open; deny to=*.b.test", "tcp " PUBLIC " 443 says=x.b.test", "by-rule", NULL},
    {"open; deny to=*.b.test", "tcp " PUBLIC " 443 says=b.test", "permit", NULL},
    {"open; deny to=b.test", "tcp " PUBLIC " 443 for=b.test says=a.test", "other-name b.test", "deny to=b.test"},
    {"open; deny to=b.test", "tcp " PUBLIC " 443 for=a.test,b.test says=a.test", "permit", NULL},
    {"open; deny to=b.test", "tcp " PUBLIC " 443 for=a.test says=c.test", "permit", NULL},
    {"open; deny to=b.test", "tcp " PUBLIC " 22 says=-", "permit", NULL},
    {"open; deny to=b.test", "tcp " PUBLIC " 22 for=a.test says=-", "permit", NULL},
    {"open; deny to=b.test", "tcp " PUBLIC " 22 for=b.test says=-", "by-rule b.test", NULL},
    {"open; deny to=b.test", "tcp " PUBLIC " 22 for=a.test,b.test says=-", "not-said b.test", "deny to=b.test"},
    {"open; deny to=b.test", "tcp " PUBLIC " 443 for=b.test says=?", "by-rule b.test", NULL},
    {"open | open; deny to=b.test", "tcp " PUBLIC " 443 says=b.test", "by-rule", NULL},

    /* datagrams: by name only where the rule says udp, as a raw protocol */
    {"allow to=a.test", "udp " PUBLIC " 443 for=a.test", "not-said a.test", "allow to=a.test"},
    {"allow to=a.test any", "udp " PUBLIC " 443 for=a.test", "not-said a.test", NULL},
    {"allow to=a.test any:443", "udp " PUBLIC " 443 for=a.test", "not-said a.test", NULL},
    {"allow to=a.test any:443", "udp " PUBLIC " 444 for=a.test", "no-rule", NULL},
    {"allow to=a.test tcp:443", "udp " PUBLIC " 443 for=a.test", "no-rule", NULL},
    {"allow to=a.test udp:443", "udp " PUBLIC " 443 for=a.test", "permit a.test", NULL},
    {"allow to=a.test udp", "udp " PUBLIC " 443 for=a.test says=-", "permit a.test", NULL},
    {"allow to=a.test udp:443", "udp " PUBLIC " 444 for=a.test", "no-rule", NULL},
    {"allow to=a.test udp:443", "tcp " PUBLIC " 443 for=a.test", "no-rule", NULL},
    {"allow to=a.test udp", "udp " PUBLIC " 443", "not-resolved", NULL},
    {"allow to=a.test udp", "udp " PUBLIC " 443 for=a.test,b.test", "shared b.test", NULL},
    {"allow to=a.test udp", "udp " PUBLIC " 443 for=a.test says=a.test", "permit a.test", NULL},
    {"allow to=a.test udp", "udp " PUBLIC " 443 for=a.test says=b.test", "other-name a.test", NULL},
    {"allow to=a.test udp to=b.test", "udp " PUBLIC " 443 for=a.test,b.test says=a.test", "permit a.test", NULL},
    {"allow to=a.test udp", "udp " PUBLIC " 443 for=a.test,b.test says=a.test", "shared b.test", NULL},
    {"allow to=a.test udp to=93.184.216.34", "udp " PUBLIC " 443", "permit", NULL},
    {"allow to=a.test any to=93.184.216.34", "udp " PUBLIC " 443", "permit", NULL},
    {"allow to=a.test udp | open", "udp " PUBLIC " 443 for=a.test", "permit a.test", NULL},
    {"open; deny to=b.test", "udp " PUBLIC " 443", "permit", NULL},
    {"open; deny to=b.test", "udp " PUBLIC " 443 for=b.test", "by-rule b.test", NULL},
    {"open; deny to=b.test tcp", "udp " PUBLIC " 443 for=b.test", "permit", NULL},
    {"open; deny to=b.test", "udp " PUBLIC " 443 for=a.test,b.test", "not-said b.test", NULL},
    {"open; deny to=b.test", "udp " PUBLIC " 443 says=b.test", "by-rule", NULL},
    {"allow to=a.test icmp", "icmp " PUBLIC " 0 for=a.test", "permit a.test", NULL},
    {"allow to=a.test", "icmp " PUBLIC " 0 for=a.test", "permit a.test", NULL},
    {"allow to=a.test tcp", "icmp " PUBLIC " 0 for=a.test", "no-rule", NULL},
    {"allow to=a.test icmp", "icmp " PUBLIC " 0 for=a.test,b.test", "shared b.test", NULL},
};

TEST(each_question_has_its_answer)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct arena *arena auto_arena = arena_new();
        struct net_decision decision;
        char text[300];

        decision = net_decide(say_rules(arena, rows[i].rules), say_question(arena, rows[i].question));
        if (strcmp(say_decision(&decision, text), rows[i].decision) != 0)
            test_fail(__FILE__, __LINE__, "%s: %s: '%s', not '%s'", rows[i].rules, rows[i].question, text,
                      rows[i].decision);
        if (rows[i].where && (!decision.where || strcmp(decision.where, rows[i].where) != 0))
            test_fail(__FILE__, __LINE__, "%s: %s: by '%s'", rows[i].rules, rows[i].question, decision.where);
    }
}

TEST(a_name_may_be_asked_for_where_a_connection_to_it_could_be_permitted)
{
    static const struct row names[] = {
        {"", "a.test", "no-rule", NULL},
        {"shut", "a.test", "no-rule a.test", "layer 1"},
        {"open", "a.test", "permit a.test", "layer 1"},
        {"allow", "a.test", "permit a.test", "allow"},
        {"allow tcp:443", "a.test", "permit a.test", NULL},
        {"allow to=0.0.0.0/0!10.0.0.0/8", "a.test", "permit a.test", NULL},
        {"allow to=::/0", "a.test", "permit a.test", NULL},
        {"allow to=0.0.0.0/1", "a.test", "no-rule a.test", NULL},
        {"allow to=10.0.0.0/8", "a.test", "no-rule a.test", NULL},
        {"allow to=a.test", "a.test", "permit a.test", "allow to=a.test"},
        {"allow to=a.test", "b.test", "no-rule b.test", "layer 1"},
        {"allow to=a.test", "x.a.test", "no-rule x.a.test", NULL},
        {"allow to=a.test tcp:443", "a.test", "permit a.test", NULL},
        {"allow to=a.test@10.0.0.0/8", "a.test", "permit a.test", NULL},
        {"allow to=b.test@0.0.0.0/0", "a.test", "no-rule a.test", NULL},
        {"allow to=*.a.test", "x.a.test", "permit x.a.test", NULL},
        {"allow to=*.a.test", "a.test", "no-rule a.test", NULL},
        {"allow to=*.a.test", "y.x.a.test", "no-rule y.x.a.test", NULL},
        {"allow to=a.test | open", "a.test", "permit a.test", "allow to=a.test"},
        {"open | allow to=a.test", "a.test", "permit a.test", "allow to=a.test"},
        {"open | allow to=a.test", "b.test", "no-rule b.test", "layer 2"},
        {"allow to=a.test | allow to=10.0.0.0/8", "a.test", "no-rule a.test", "layer 2"},
        {"limit", "a.test", "permit a.test", NULL},
        {"limit | shut", "a.test", "no-rule a.test", "layer 2"},
        {"limit | open", "a.test", "permit a.test", "layer 2"},
        {"limit; deny to=a.test | open", "a.test", "by-rule a.test", "deny to=a.test"},
        {"open; deny to=b.test", "b.test", "by-rule b.test", "deny to=b.test"},
        {"open; deny to=b.test", "a.test", "permit a.test", NULL},
        {"open; deny to=b.test any", "b.test", "by-rule b.test", NULL},
        {"open; deny to=b.test tcp", "b.test", "permit b.test", NULL},
        {"open; deny to=b.test any:443", "b.test", "permit b.test", NULL},
        {"open; deny to=b.test@10.0.0.0/8", "b.test", "permit b.test", NULL},
        {"open; deny to=10.0.0.0/8", "b.test", "permit b.test", NULL},
        {"open; deny to=*.b.test", "x.b.test", "by-rule x.b.test", NULL},
        {"open; deny to=*.b.test", "b.test", "permit b.test", NULL},
        {"allow to=a.test | open; deny to=a.test", "a.test", "by-rule a.test", NULL},
        {"open; deny", "a.test", "by-rule a.test", "deny"},
        {"open; deny tcp", "a.test", "permit a.test", NULL},
    };

    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        struct arena *arena auto_arena = arena_new();
        struct net_decision decision = net_decide_name(say_rules(arena, names[i].rules), names[i].question);
        char text[300];

        if (strcmp(say_decision(&decision, text), names[i].decision) != 0)
            test_fail(__FILE__, __LINE__, "%s: %s: '%s'", names[i].rules, names[i].question, text);
        if (names[i].where && (!decision.where || strcmp(decision.where, names[i].where) != 0))
            test_fail(__FILE__, __LINE__, "%s: %s: by '%s'", names[i].rules, names[i].question, decision.where);
    }
}

TEST(what_is_no_question_is_refused)
{
    struct arena *arena auto_arena = arena_new();
    struct net_rules *rules = say_rules(arena, "open");
    struct net_question *question = say_question(arena, "tcp " PUBLIC " 443");

    check_int(net_decide(rules, question).verdict, NET_PERMIT);
    question->said = (enum net_said)77;
    check_int(net_decide(rules, question).verdict, NET_REFUSE);
    question->said = NET_SAID_NAME; /* and none there */
    check_int(net_decide(rules, question).verdict, NET_REFUSE);
    question->said = NET_SAID_NOT_YET;
    question->protocol = (enum net_protocol)77;
    check_int(net_decide(rules, question).verdict, NET_REFUSE);
    question->protocol = NET_TCP;
    question->address.family = 77;
    check_int(net_decide(rules, question).verdict, NET_REFUSE);
}

/* What the reader refuses can be made in memory: it must not open anything. */
TEST(a_peer_that_is_nobody_grants_nothing_and_denies_everything)
{
    struct net_peer nobody = {0};
    struct net_rule rule = {.peers = &nobody, .peer_count = 1, .where = "x"};
    struct net_layer layer = {.allow = &rule, .allow_count = 1, .where = "y"};
    struct net_rules rules = {.layers = &layer, .layer_count = 1};
    struct arena *arena auto_arena = arena_new();
    struct net_question *question = say_question(arena, "tcp " PUBLIC " 443");

    check_int(net_decide(&rules, question).verdict, NET_REFUSE);
    check_int(net_decide_name(&rules, "a.test").verdict, NET_REFUSE);
    layer = (struct net_layer){.is_open = true, .deny = &rule, .deny_count = 1, .where = "y"};
    check_int(net_decide(&rules, question).verdict, NET_REFUSE);
    check_int(net_decide_name(&rules, "a.test").verdict, NET_REFUSE);
    rule.where = NULL;
    check_int(net_decide(&rules, question).verdict, NET_REFUSE);
    check_int(net_decide_name(&rules, "a.test").verdict, NET_REFUSE);
}

TEST(each_reason_has_a_text_of_its_own)
{
    for (int i = NET_BY_RULE; i <= NET_NOT_SAID; i++) {
        check(net_reason_text((enum net_reason)i)[0]);
        for (int j = NET_BY_RULE; j < i; j++)
            check(strcmp(net_reason_text((enum net_reason)i), net_reason_text((enum net_reason)j)) != 0);
    }
    check_string(net_reason_text((enum net_reason)77), "unknown");
}
