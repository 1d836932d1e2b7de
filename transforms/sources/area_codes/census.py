"""Country codes of US trade statistics: Schedule C, four digits, and the groups that the Census API puts beside them."""

from __future__ import annotations

# Source: US Census Bureau, Schedule C (country.txt, 2025); 8220: its page "Trade in Goods with Unidentified Countries".
# Gaza Strip and Monaco have numbers of our own, beside 275 and 251. code|number|name.
_COUNTRIES = """
1000|842|United States of America
1010|304|Greenland
1220|124|Canada
1610|666|Saint Pierre and Miquelon
2010|484|Mexico
2050|320|Guatemala
2080|84|Belize
2110|222|El Salvador
2150|340|Honduras
2190|558|Nicaragua
2230|188|Costa Rica
2250|591|Panama
2320|60|Bermuda
2360|44|Bahamas
2390|192|Cuba
2410|388|Jamaica
2430|796|Turks and Caicos Islands
2440|136|Cayman Islands
2450|332|Haiti
2470|214|Dominican Republic
2481|660|Anguilla
2482|92|British Virgin Islands
2483|659|Saint Kitts and Nevis
2484|28|Antigua and Barbuda
2485|500|Montserrat
2486|212|Dominica
2487|662|Saint Lucia
2488|670|Saint Vincent and the Grenadines
2489|308|Grenada
2720|52|Barbados
2740|780|Trinidad and Tobago
2774|534|Sint Maarten
2777|531|Curaçao
2779|533|Aruba
2831|312|Guadeloupe
2839|474|Martinique
3010|170|Colombia
3070|862|Venezuela
3120|328|Guyana
3150|740|Suriname
3170|254|French Guiana
3310|218|Ecuador
3330|604|Peru
3350|68|Bolivia
3370|152|Chile
3510|76|Brazil
3530|600|Paraguay
3550|858|Uruguay
3570|32|Argentina
3720|238|Falkland Islands (Islas Malvinas)
4000|352|Iceland
4010|752|Sweden
4031|744|Svalbard and Jan Mayen
4039|579|Norway
4050|246|Finland
4091|234|Faroe Islands
4099|208|Denmark, except Greenland
4120|826|United Kingdom
4190|372|Ireland
4210|528|Netherlands
4231|56|Belgium
4239|442|Luxembourg
4271|20|Andorra
4272|969|Monaco
4279|251|France
4280|276|Germany
4330|40|Austria
4351|203|Czech Republic
4359|703|Slovakia
4370|348|Hungary
4411|438|Liechtenstein
4419|757|Switzerland
4470|233|Estonia
4490|428|Latvia
4510|440|Lithuania
4550|616|Poland
4621|643|Russia
4622|112|Belarus
4623|804|Ukraine
4631|51|Armenia
4632|31|Azerbaijan
4633|268|Georgia
4634|398|Kazakhstan
4635|417|Kyrgyzstan
4641|498|Moldova
4642|762|Tajikistan
4643|795|Turkmenistan
4644|860|Uzbekistan
4700|724|Spain
4710|620|Portugal
4720|292|Gibraltar
4730|470|Malta
4751|674|San Marino
4752|336|Holy See (Vatican City)
4759|380|Italy
4791|191|Croatia
4792|705|Slovenia
4793|70|Bosnia and Herzegovina
4794|807|North Macedonia
4801|688|Serbia
4803|412|Kosovo
4804|499|Montenegro
4810|8|Albania
4840|300|Greece
4850|642|Romania
4870|100|Bulgaria
4890|792|Turkey
4910|196|Cyprus
5020|760|Syria
5040|422|Lebanon
5050|368|Iraq
5070|364|Iran
5081|376|Israel
5082|965|Gaza Strip administered by Israel
5083|275|West Bank administered by Israel
5110|400|Jordan
5130|414|Kuwait
5170|682|Saudi Arabia
5180|634|Qatar
5200|784|United Arab Emirates
5210|887|Yemen
5230|512|Oman
5250|48|Bahrain
5310|4|Afghanistan
5330|699|India
5350|586|Pakistan
5360|524|Nepal
5380|50|Bangladesh
5420|144|Sri Lanka
5460|104|Burma (Myanmar)
5490|764|Thailand
5520|704|Vietnam
5530|418|Laos
5550|116|Cambodia
5570|458|Malaysia
5590|702|Singapore
5600|360|Indonesia
5601|626|Timor-Leste
5610|96|Brunei
5650|608|Philippines
5660|446|Macao
5682|64|Bhutan
5683|462|Maldives
5700|156|China
5740|496|Mongolia
5790|408|North Korea
5800|410|South Korea
5820|344|Hong Kong
5830|490|Taiwan
5880|392|Japan
6021|36|Australia
6022|574|Norfolk Island
6023|166|Cocos (Keeling) Islands
6024|162|Christmas Island
6029|334|Heard Island and McDonald Islands
6040|598|Papua New Guinea
6141|554|New Zealand
6142|184|Cook Islands
6143|772|Tokelau
6144|570|Niue
6150|882|Samoa
6223|90|Solomon Islands
6224|548|Vanuatu
6225|612|Pitcairn Islands
6226|296|Kiribati
6227|798|Tuvalu
6412|540|New Caledonia
6413|876|Wallis and Futuna
6414|258|French Polynesia
6810|584|Marshall Islands
6820|583|Micronesia, Federated States of
6830|585|Palau
6862|520|Nauru
6863|242|Fiji
6864|776|Tonga
7140|504|Morocco
7210|12|Algeria
7230|788|Tunisia
7250|434|Libya
7290|818|Egypt
7321|729|Sudan
7323|728|South Sudan
7370|732|Western Sahara
7380|226|Equatorial Guinea
7410|478|Mauritania
7420|120|Cameroon
7440|686|Senegal
7450|466|Mali
7460|324|Guinea
7470|694|Sierra Leone
7480|384|Côte d'Ivoire
7490|288|Ghana
7500|270|Gambia
7510|562|Niger
7520|768|Togo
7530|566|Nigeria
7540|140|Central African Republic
7550|266|Gabon
7560|148|Chad
7580|654|Saint Helena
7600|854|Burkina Faso
7610|204|Benin
7620|24|Angola
7630|178|Congo
7642|624|Guinea-Bissau
7643|132|Cabo Verde
7644|678|Sao Tome and Principe
7650|430|Liberia
7660|180|Democratic Republic of the Congo
7670|108|Burundi
7690|646|Rwanda
7700|706|Somalia
7741|232|Eritrea
7749|231|Ethiopia
7770|262|Djibouti
7780|800|Uganda
7790|404|Kenya
7800|690|Seychelles
7810|86|British Indian Ocean Territory
7830|834|Tanzania
7850|480|Mauritius
7870|508|Mozambique
7880|450|Madagascar
7881|175|Mayotte
7890|174|Comoros
7904|638|Réunion
7905|260|French Southern and Antarctic Lands
7910|710|South Africa
7920|516|Namibia
7930|72|Botswana
7940|894|Zambia
7950|748|Eswatini
7960|716|Zimbabwe
7970|454|Malawi
7990|426|Lesotho
8220|899|Unidentified countries
9030|630|Puerto Rico
9110|850|Virgin Islands of the United States
9350|316|Guam
9510|16|American Samoa
9610|580|Northern Mariana Islands
9800|581|United States Minor Outlying Islands
"""

# Source: Census Bureau, API guide, appendix E, and the API's answer for December 2023. code|name.
_GROUPS = """
0001|OPEC
0003|European Union
0014|Pacific Rim countries
0017|CAFTA-DR
0020|USMCA (NAFTA)
0021|Twenty Latin American republics
0022|OECD
0023|NATO
0024|LAFTA
0025|Euro area
0026|APEC
0027|ASEAN
0028|CACM
1XXX|North America
2XXX|Central America
3XXX|South America
4XXX|Europe
5XXX|Asia
6XXX|Australia and Oceania
7XXX|Africa
"""

#: Schedule C -> number.
COUNTRIES: dict[str, str] = {code: number for code, number, _ in (line.split("|") for line in _COUNTRIES.strip().splitlines())}
#: Code of a group -> its name. Others of the two forms (00.., .XXX) are groups too.
GROUPS: dict[str, str] = dict(line.split("|", 1) for line in _GROUPS.strip().splitlines())
#: "TOTAL FOR ALL COUNTRIES".
TOTALS = ("-", "0000")
