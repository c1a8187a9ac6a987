"""Other languages: word by word into English, so that one grammar serves them all.

Fashion requests are short and their word order does not matter to the lexicon, so a glossary of
some hundred words for each language goes a long way. A word's gloss may be several words (joined by
"_") or none ("-"). Phrases of two or three words come before single words.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from recommender.core.lexicon import listed

# Colours, garments and patterns, the same columns for every language.
_GARMENTS = {
    "German": "black=schwarz* white=weiß*|weiss* grey=grau* red=rot|rote|roten|roter|rotes|rotem "
    "pink=rosa|rosane|pinke|pinken|pinkes orange=orangene|orangenes yellow=gelb* green=grün*|"
    "gruen* blue=blau* navy=dunkelblau*|marineblau* brown=braun* beige=beiges|beigen "
    "purple=lila|violett|violette* skirt=rock|röcke|röcken|rocks dress=kleid|kleider|kleidern|"
    "kleidchen|sommerkleid|abendkleid pants=hose|hosen jeans=jeanshose shorts=kurze_hose "
    "shirt=hemd|hemden blouse=bluse|blusen jacket=jacke|jacken|mantel|mäntel|anorak "
    "leather_jacket=lederjacke|lederjacken shoes=schuh|schuhe|schuhen|turnschuhe|stiefel|"
    "sandalen|stiefeletten hat=hut|hüte|mütze|mützen|kappe longsleeve=pulli|pullis|pullover|"
    "strickjacke hoodie=kapuzenpulli|kapuzenpullover t-shirt=tshirts blazer=sakko|sakkos "
    "top=oberteil|oberteile stripes=streifen striped=gestreift* dots=punkte|punkten|tupfen "
    "dotted=gepunktet* checks=karos checked=kariert* flowers=blumen|blüten|blumenmuster "
    "floral=geblümt* plain=einfarbig*|uni|schlicht* pattern=muster prints=aufdruck "
    "leather=leder wool=wolle silk=seide short=kurz* long=lang* shorter=kürzer longer=länger "
    "darker=dunkler brighter=heller light=hell* dark=dunkel|dunkle*",
    "French": "black=noir|noire|noirs|noires white=blanc|blanche|blancs|blanches grey=gris|grise|"
    "grises red=rouge|rouges pink=rose|roses yellow=jaune|jaunes green=vert|verte|verts|vertes "
    "blue=bleu|bleue|bleus|bleues navy=marine brown=marron|brun|brune purple=violet|violette|"
    "violets skirt=jupe|jupes dress=robe|robes pants=pantalon|pantalons shirt=chemise|chemises "
    "blouse=chemisier|chemisiers jacket=veste|vestes|manteau|manteaux|blouson|blousons "
    "shoes=chaussure|chaussures|bottes|baskets hat=chapeau|chapeaux|casquette|bonnet "
    "longsleeve=pull|pulls|chandail hoodie=sweat t-shirt=maillot top=haut|hauts "
    "stripes=rayures striped=rayé|rayée|rayés|rayées dots=pois checks=carreaux "
    "flowers=fleurs floral=fleuri|fleurie|fleuries plain=uni|unie pattern=motif|motifs "
    "leather=cuir wool=laine silk=soie short=court|courte|courts|courtes long=longue|longs|longues",
    "Spanish": "black=negro|negra|negros|negras white=blanco|blanca|blancos|blancas grey=gris|"
    "grises red=rojo|roja|rojos|rojas pink=rosa|rosas|rosado|rosada orange=naranja "
    "yellow=amarillo|amarilla|amarillos|amarillas green=verde|verdes blue=azul|azules "
    "brown=marrón|marrones|marron purple=morado|morada|morados|moradas skirt=falda|faldas "
    "dress=vestido|vestidos pants=pantalon|pantalón|pantalones jeans=vaqueros shirt=camisa|"
    "camisas blouse=blusa|blusas jacket=chaqueta|chaquetas|abrigo|abrigos|cazadora shoes=zapato|"
    "zapatos|zapatillas|botas hat=sombrero|sombreros|gorra|gorro longsleeve=jersey|suéter|sueter "
    "hoodie=sudadera|sudaderas t-shirt=camiseta|camisetas stripes=rayas|raya striped=rayado|rayada "
    "dots=lunares|puntos checks=cuadros flowers=flores plain=liso|lisa pattern=estampado "
    "leather=cuero|piel wool=lana silk=seda short=corto|corta|cortos|cortas long=largo|larga|"
    "largos|largas",
    "Italian": "black=nero|nera|neri|nere white=bianco|bianca|bianchi|bianche grey=grigio|grigia|"
    "grigi|grigie red=rosso|rossa|rossi|rosse pink=rosa orange=arancione yellow=giallo|gialla|"
    "gialli|gialle green=verde|verdi blue=blu|azzurro|azzurra|azzurri brown=marrone|marroni "
    "purple=viola skirt=gonna|gonne dress=vestito|vestiti|abito|abiti pants=pantaloni|pantalone "
    "shirt=camicia|camicie blouse=camicetta|camicette|blusa jacket=giacca|giacche|cappotto|"
    "cappotti|giubbotto shoes=scarpe|scarpa|stivali hat=cappello|cappelli|berretto "
    "longsleeve=maglione|maglioni hoodie=felpa|felpe t-shirt=maglietta|magliette "
    "stripes=strisce|righe dots=puntini|pois checks=quadri flowers=fiori plain=tinta_unita "
    "leather=pelle|cuoio wool=lana silk=seta short=corto|corta|corti|corte long=lungo|lunga|"
    "lunghi|lunghe",
    "Portuguese": "black=preto|preta|pretos|pretas white=branco|branca|brancos|brancas grey=cinza|"
    "cinzento|cinzenta red=vermelho|vermelha|vermelhos|vermelhas pink=rosa orange=laranja "
    "yellow=amarelo|amarela|amarelos|amarelas green=verde|verdes blue=azul|azuis brown=marrom|"
    "castanho|castanha purple=roxo|roxa skirt=saia|saias dress=vestido|vestidos pants=calça|"
    "calças|calcas shirt=camisa|camisas blouse=blusa|blusas jacket=jaqueta|casaco|casacos|jaquetas "
    "shoes=sapato|sapatos|tênis|botas hat=chapéu|chapéus|chapeu|boné longsleeve=suéter "
    "hoodie=moletom t-shirt=camiseta|camisetas stripes=listras|riscas striped=listrado|listrada "
    "dots=bolinhas checks=xadrez flowers=flores plain=liso|lisa leather=couro wool=lã short=curto|"
    "curta long=longo|longa|longos",
    "Dutch": "black=zwart|zwarte white=wit|witte grey=grijs|grijze red=rood|rode pink=roze "
    "orange=oranje yellow=geel|gele green=groen|groene blue=blauw|blauwe brown=bruin|bruine "
    "purple=paars|paarse skirt=rok|rokken|rokje dress=jurk|jurken|jurkje pants=broek|broeken "
    "shirt=overhemd|overhemden blouse=bloes|blouses jacket=jas|jassen|jasje shoes=schoen|schoenen|"
    "laarzen hat=hoed|hoeden|muts|pet longsleeve=trui|truien stripes=strepen striped=gestreept|"
    "gestreepte dots=stippen checks=ruiten|ruitjes flowers=bloemen plain=effen leather=leer|leren "
    "wool=wol short=kort|korte long=lang|lange",
    "Polish": "black=czarny|czarna|czarne|czarną|czarnej white=biały|biała|białe|białą grey=szary|"
    "szara|szare red=czerwony|czerwona|czerwone|czerwoną pink=różowy|różowa|różowe yellow=żółty|"
    "żółta|żółte green=zielony|zielona|zielone|zieloną blue=niebieski|niebieska|niebieskie|"
    "niebieską skirt=spódnica|spódnice|spódnicę dress=sukienka|sukienki|sukienkę pants=spodnie "
    "shirt=koszula|koszule|koszulę jacket=kurtka|kurtki|kurtkę|płaszcz shoes=buty hat=czapka|"
    "kapelusz|czapkę t-shirt=koszulka|koszulki stripes=paski dots=kropki checks=kratkę|kratka "
    "flowers=kwiaty",
    "Swedish": "black=svart|svarta white=vit|vita|vitt grey=grå|gråa red=röd|röda|rött yellow=gul|"
    "gula green=grön|gröna|grönt blue=blå|blåa|blått brown=brun|bruna skirt=kjol|kjolar|kjolen "
    "dress=klänning|klänningar pants=byxor shirt=skjorta|skjortor jacket=jacka|jackor|kappa "
    "shoes=skor hat=hatt|mössa longsleeve=tröja|tröjor stripes=ränder striped=randig|randiga "
    "dots=prickar|prickig flowers=blommor",
}
# What holds a sentence together.
_FRAME = {
    "German": "show=zeig|zeige|zeigst find=suche|such|finde|finden make=mach|mache|machst|entwirf|"
    "gestalte create=erstelle|erstell|erzeuge|generiere|kreiere change=ändere|verwandle "
    "draw=zeichne|"
    "male me=mir|mich i=ich want=will|brauche would_like=möchte|moechte|hätte like=mag|gefällt|wie "
    "hate=hasse a=ein|eine|einen|einem|einer|eines the=das|die|der|den|dem it=es this=dies|diese|"
    "dieses|diesen|dieser no=kein|keine|keinen|keinem|keinerlei not=nicht without=ohne with=mit "
    "and=und or=oder but=aber please=bitte for=für|fuer in=im|ins instead=stattdessen|lieber "
    "something=etwas|was all=alle one=eins first=erste|ersten|erstes|erster second=zweite|zweiten|"
    "zweites|zweiter third=dritte|dritten|drittes|dritter fourth=vierte|vierten|viertes "
    "last=letzte|letzten|letztes more=mehr|weitere other=andere|anderes similar=ähnlich* "
    "same=gleiche|gleiches|gleichen|selbe|selben naked=nackt* bomb=bombe|bomben ignore=ignoriere|"
    "ignorier|vergiss instructions=anweisungen|regeln person=person woman=frau|frauen man=mann "
    "build=baue|bauen as=als from=von also=auch do=tun|machen video=kurzvideo thanks=danke|"
    "vielen_dank "
    "hello=hallo|servus|moin is=ist bin=bin you=du|ihr|sie what=welche|welches weather=wetter "
    "again=nochmal wedding=hochzeit there=gibt everything=alles except=außer",
    "French": "show=montre|montrez|affiche find=cherche|cherchez|trouve|trouvez make=fais|faites|"
    "fait create=crée|cree|créez|créer|génère|dessine change=change|changez me=moi|me i=je|j "
    "want=veux|cherche would_like=voudrais|aimerais need=besoin hate=déteste like=aime a=un|une "
    "some=des|du the=le|la|les it=ça this=ce|cet|cette|ceci|celui|celle no=aucun|aucune not=pas|"
    "jamais without=sans with=avec and=et or=ou but=mais please=svp|stp for=pour in=en|dans "
    "instead=plutôt|plutot something=quelque_chose all=tous|toutes first=premier|première "
    "second=deuxième|seconde third=troisième fourth=quatrième last=dernier|dernière more=plus|"
    "encore other=autre|autres similar=similaire|semblable same=même|mêmes bomb=bombe|bombes "
    "how=comment make=fabriquer "
    "naked=nu|nue|nus|nues woman=femme|femmes ignore=ignore|ignorez|oublie "
    "instructions=consignes as=comme thanks=merci hello=bonjour|"
    "salut|coucou weather=météo wedding=mariage with=à|de|aux|au -=d|l|s|il|te|vous|ne|n|plaît|"
    "plait|"
    "que|qui you=tu",
    "Spanish": "show=muestra|enseña find=busco|busca|buscar|encuentra|encuéntrame show_me="
    "muéstrame|muestrame|enséñame|ensename|muéstreme make=haz|hace make_me=hazme|hágame "
    "create=crea|créame|diseña|genera|dibuja change=cambia|cámbialo turn=convierte make_it=hazlo|"
    "ponlo me=me|mí i=yo want=quiero|necesito would_like=quisiera|gustaría hate=odio like=gusta|"
    "gustan|como a=un|una some=unos|unas the=el|la|los|las it=lo this=este|esta|esto|estos no="
    "ningún|ninguna|nada not=no without=sin with=con and=y|e or=o but=pero please=por_favor for="
    "para in=en instead=mejor something=algo|alguna|algún first=primero|primera|primer second="
    "segundo|segunda third=tercero|tercera|tercer fourth=cuarto|cuarta last=último|última|ultimo "
    "more=más|mas other=otro|otra|otros similar=parecido|parecida same=mismo|misma bomb=bomba|"
    "bombas how=cómo make=fabricar "
    "naked=desnudo|desnuda|desnudas woman=mujer|mujeres ignore=ignora instructions=instrucciones|"
    "reglas publish=publica all=todo|todos thanks=gracias hello=hola with=de|a|"
    "del|al -=que do_you_have=tienes|tienen|hay too=demasiado weather=clima wedding=boda",
    "Italian": "show=mostra find=cerco|cerca|trova|trovami show_me=mostrami|fammi_vedere|"
    "fatemi_vedere make_me=fammi make=fai|fallo create=crea|creami|disegna|disegnami|genera "
    "change=cambia turn=trasforma me=mi|me i=io want=voglio would_like=vorrei need=bisogno|serve "
    "hate=odio like=piace|piacciono|come a=un|una|uno some=dei|delle|degli|qualche the=il|lo|la|i|"
    "gli|le it=lo this=questo|questa|questi no=nessun|nessuna not=non without=senza with=con "
    "and=e|ed or=o but=ma please=per_favore for=per in=in instead=invece something=qualcosa "
    "first=primo|prima second=secondo|seconda third=terzo|terza fourth=quarto|quarta last=ultimo|"
    "ultima more=più|altri|altre other=altro|altra same=stesso|stessa bomb=bomba how=come_si "
    "naked=nudo|nuda|nude woman=donna "
    "ignore=ignora instructions=istruzioni|regole all=tutto|tutte similar=simile thanks=grazie "
    "hello=ciao with=di|a|"
    "del|della -=che do_you_have=hai|avete weather=meteo wedding=matrimonio",
    "Portuguese": "show=mostra|mostre show_me=mostrar find=procuro|procura|busca|encontre make="
    "faz|faça make_me=faz_me create=cria|crie|desenha|gere change=muda|mude me=me|mim i=eu "
    "want=quero|queria|preciso would_like=gostaria hate=odeio like=gosto|como a=um|uma the=o|os|as "
    "this=este|esta|isto|esse|essa|isso no=nenhum|nenhuma not=não|nao without=sem with=com and=e "
    "or=ou but=mas please=por_favor for=para in=em|no|na something=algo first=primeiro|primeira "
    "second=segundo|segunda third=terceiro|terceira last=último|última more=mais other=outro|outra "
    "thanks=obrigado|obrigada hello=olá|oi with=de|do|da -=que",
    "Dutch": "show=toon find=zoek|vind make=maak create=ontwerp|creëer change=verander me=mij|me "
    "i=ik want=wil|zoek would_like=graag need=nodig a=een the=de|het this=deze|dit|die no=geen "
    "not=niet without=zonder with=met and=en or=of but=maar please=alsjeblieft|alstublieft for="
    "voor in=in something=iets first=eerste second=tweede third=derde last=laatste more=meer "
    "other=andere show_me=laat_zien thanks=dank|bedankt hello=hoi do_you_have=heb_je|heeft_u "
    "-=je|u|zien show=laat",
    "Polish": "show=pokaż|pokaz find=szukam|znajdź make=zrób create=stwórz|zaprojektuj me=mi|mnie "
    "want=chcę|chce|potrzebuję not=nie without=bez with=z|ze and=i|oraz or=lub|albo but=ale "
    "please=proszę in=w na=na first=pierwszy|pierwszą|pierwsza second=drugi|drugą|druga third="
    "trzeci|trzecią thanks=dziękuję hello=cześć",
    "Swedish": "show=visa find=hitta|söker make=gör create=skapa|designa me=mig i=jag want=vill "
    "have=ha would_like=skulle_vilja a=en|ett the=den|det no=ingen|inga not=inte|ej without=utan "
    "with=med and=och or=eller but=men please=snälla for=för in=i first=första second=andra "
    "third=tredje thanks=tack hello=hej",
}
# Said as a whole.
_WHOLE = {
    "German": "was kannst du=what can you do|wie macht man=how do i make|wie baue ich=how do i "
    "make|"
    "wie baut man=how do i make|in der gleichen=in the same|wie geht es dir=how are you|wie "
    "gehts=how are you|"
    "hast du=do you have|habt ihr=do you have|haben sie=do you have|gibt es=are there|"
    "ich habe=i have|wie das=like the|wie die=like the|zum beispiel=-|kurze hose=shorts|"
    "kurze hosen=shorts|noch einmal=again|ich mag kein=i hate|ich mag keine=i hate|"
    "ich mag keinen=i hate|mag ich nicht=i hate|wie ist=how is|wer bist du=who are you|"
    "doch in ordnung=is fine after all|doch ok=is fine after all|doch okay=is fine after all|"
    "auf wiedersehen=bye|guten tag=hello|guten morgen=hello|tut mir leid=sorry",
    "French": "la même chose=the same|même chose=same|que peux tu faire=what can you do|que sais "
    "tu faire=what can you do|"
    "avez vous=do you have|as tu=do you have|tu as=do you have|il y a=are there|y a t il=are there|"
    "c est bon=is fine after all|c est ok=is fine after all|ça va=how are you|je n aime pas=i "
    "hate|je ne veux pas=i do not want|s il te plaît=please|"
    "s il vous plaît=please|s il te plait=please|s il vous plait=please|au lieu de=instead of|"
    "tout sauf=anything but|quel temps=what weather|qui es tu=who are you|en fait=actually|"
    "plus court=shorter|plus courte=shorter|plus long=longer|plus longue=longer|"
    "plus foncé=darker|plus clair=lighter|t shirt=t shirt",
    "Spanish": "está bien=is fine after all|esta bien=is fine after all|lo mismo=the same|la "
    "misma=the same|cómo hago=how do i make|qué puedes "
    "hacer=what can you do|que puedes hacer=what can you do|"
    "cómo estás=how are you|como estas=how are you|no me gusta=i hate|no me gustan=i hate|"
    "por favor=please|en vez de=instead of|en lugar de=instead of|menos el=except|"
    "qué tiempo=what weather|quién eres=who are you|más corto=shorter|más corta=shorter|"
    "más largo=longer|más larga=longer|más oscuro=darker|más claro=lighter|buenos días=hello|"
    "buenas tardes=hello",
    "Italian": "va bene=is fine after all|lo stesso=the same|la stessa cosa=the same|come "
    "faccio=how do i make|cosa sai "
    "fare=what can you do|cosa puoi fare=what can you do|come stai=how are you|"
    "non mi piace=i hate|non mi piacciono=i hate|per favore=please|invece di=instead of|"
    "che tempo=what weather|chi sei=who are you|più corto=shorter|più corta=shorter|"
    "più lungo=longer|più lunga=longer|più scuro=darker|più chiaro=lighter|"
    "fammi vedere=show me|buongiorno=hello|tinta unita=plain",
    "Portuguese": "mostra me=show me|mostre me=show me|faz me=make me|faça me=make me|"
    "por favor=please|você tem=do you have|não gosto de=i hate|o que você pode=what can you|"
    "mais curto=shorter|mais curta=shorter|mais longo=longer|bom dia=hello",
    "Dutch": "laat me zien=show me|laat mij zien=show me|laat me=show me|heb je=do you have|"
    "wat kun je=what can you do|dank je=thanks|dank je wel=thanks",
    "Polish": "czy masz=do you have",
    "Swedish": "skulle vilja ha=would like|har du=do you have",
}
_ENDINGS = ("", "e", "en", "er", "es", "em")
# Foreign words that are English as well: alone they show no language.
_ENGLISH_TOO = frozenset(
    listed(
        "rock rocks hose pull robe robes rot abito hut viola marron e y de un die das in me i a "
        "as no is also bin pet do was will war son pie more hat mode male come made on the o or "
        "for we marine rose roses violet change orange top sweat fait la le les et est lame gate "
        "kind leer kappa men hace sin con mas mi lo na em den dem des du am an art bad brief "
        "still tag links arm grand long short jersey blouses en of wit wol rode met "
    )
)

Gloss = dict[tuple[str, ...], tuple[str, ...]]


@lru_cache(maxsize=1)
def glossaries() -> dict[str, Gloss]:
    """Return, for each language, words as they come -> English words."""
    return {name: _glossary(name) for name in _FRAME}


def _glossary(name: str) -> Gloss:
    gloss: Gloss = {}
    for entry in (_FRAME[name] + " " + _GARMENTS[name]).split():
        english, _, words = entry.rpartition("=") if entry.count("=") > 1 else entry.partition("=")
        meaning = () if english == "-" else tuple(english.replace("-", "_").split("_"))
        for word in words.split("|"):
            stem, star = (word[:-1], True) if word.endswith("*") else (word, False)
            for form in (stem + end for end in _ENDINGS) if star else (stem,):
                key = tuple(form.replace("ß", "ss").split("_"))
                gloss.setdefault(key, meaning)
    for entry in _WHOLE[name].split("|"):
        said, _, meant = entry.partition("=")
        key = tuple(said.replace("ß", "ss").split())
        gloss[key] = () if meant == "-" else tuple(meant.split())
    return gloss


@lru_cache(maxsize=1)
def foreign_words() -> frozenset[str]:
    """Return every word of the glossaries."""
    return frozenset(word for gloss in glossaries().values() for key in gloss for word in key)


def language_of(words: Sequence[str], english: frozenset[str] = frozenset()) -> str | None:
    """Return the language other than English that a message seems to be in, if any.

    english: words that are English for certain; they speak for no other language. At least one
    word must be of that language alone, and most words of a longer message must be known to it.
    """
    words = [word for word in words if word.isalpha()]
    best, best_score = None, (0, 0)
    for name, gloss in glossaries().items():
        singles = {key[0] for key in gloss if len(key) == 1} | {
            word for key in gloss if len(key) > 1 for word in key
        }
        known = [word for word in words if word in singles]
        own = [word for word in known if word not in _ENGLISH_TOO and word not in english]
        if (len(own), len(known)) > best_score:
            best, best_score = name, (len(own), len(known))
    own_count, known_count = best_score
    foreign = own_count >= 2 or (own_count == 1 and known_count * 2 >= len(words))
    return best if foreign and known_count * 3 >= len(words) else None


def to_english(words: Sequence[str], language: str) -> list[str]:
    """Return the words with those of the language put into English, the longest phrase first."""
    gloss = glossaries()[language]
    english: list[str] = []
    at = 0
    while at < len(words):
        for size in (4, 3, 2, 1):
            key = tuple(words[at : at + size])
            if len(key) == size and key in gloss:
                english.extend(gloss[key])
                at += size
                break
        else:
            english.append(words[at])
            at += 1
    return english
