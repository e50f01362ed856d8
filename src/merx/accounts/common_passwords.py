"""Passwords of eight and more characters that guessers try first, in lower case."""

from typing import Final

_WORDS = """
12345678 123456789 1234567890 0123456789 0987654321 987654321 9876543210 87654321 123123123 12341234 11223344
1122334455 112233445566 123321123 123454321 12344321 147258369 159357258 741852963 789456123 147852369 123456123
13141314 1314520520 5201314520 woaini520 woaini1314 woaini521 woaini123 woaiwojia 5211314521 52013145 5841314520
1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qaz2wsx3edc qazwsxedc zaq12wsx qweasdzxc qwertyui qwertyuiop qwerty123 qwerty12
qwerty1234 qwer1234 asdfghjk asdfghjkl asdf1234 zxcvbnm1 zxcvbnm123 zxcv1234 q1w2e3r4 q1w2e3r4t5 1234qwer
123qweasd 123456qwerty abcd1234 abc12345 abc123456 abc123abc abcdefgh abcdefg1 a1234567 a12345678 a123456789
aa123456 aa12345678 as123456 qq123456 123456aa 123456ab 123456abc 123456qq 12345678a 123456789a 12345qwert
password password1 password12 password123 password1234 passw0rd p@ssw0rd p@ssword passwort pass1234 passpass
mypassword password! password01 password2024 password2025 password2026 changeme changeme1 letmein1 letmein123
welcome1 welcome12 welcome123 admin123 admin1234 admin12345 administrator root1234 rootroot test1234 testtest
testtest1 guest123 user1234 default1 login123 secret123 superman batman123 spiderman starwars pokemon1 pokemon123
football football1 baseball basketball liverpool chelsea1 arsenal1 barcelona realmadrid iloveyou iloveyou1
iloveyou2 sunshine sunshine1 princess princess1 princess12 butterfly chocolate whatever computer internet
samsung1 michelle michael1 jennifer jessica1 charlie1 jordan23 dragon123 monkey123 shadow12 master12 killer12
trustno1 freedom1 corvette mustang1 mercedes maverick garfield snoopy12 elephant strawberry blink182 hello123
hellohello helloworld google123 facebook linkedin welcome2024 welcome2025 welcome2026 summer2024 summer2025
summer2026 winter2024 winter2025 winter2026 china123 beijing2008 shanghai wangyi163 zhang123 taobao123 weixin123
"""

COMMON_PASSWORDS: Final = frozenset(_WORDS.split())
