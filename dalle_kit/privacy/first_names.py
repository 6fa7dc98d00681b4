"""First names that are common somewhere, for where no model is that knows names."""

from __future__ import annotations

from functools import lru_cache

from dalle_kit.checks.words import fold

#: Written without accents; from many parts of the world, so that nobody's data is safer than another's.
_COMMON = """
aaliyah aarav aaron abdoulaye abebe abena abhishek abigail abimbola achim adaeze adam ade adebayo adela adeola aditi
aditya adnan adrian adriana adwoa afonso agata agnieszka agustin ahmad ahmed ahmet aidan aiko aino aisha ajay akash
akhil akira akosua akua alain alan alba albert alberta alberto albrecht aldo alejandra alejandro aleksander
aleksandra alessandra alessandro alessia alessio alex alexander alexandra alexandre alexis alfonso alfred ali alia
alice alicia alison allison alok alonso alvaro alyssa ama amadou amal amanda amara amber amedeo amelie amina aminata
amir amira amit amparo amr amrita amy ana anand ananya anastasia anatoly anders andre andrea andreas andrej andres
andrew andrzej andy aneta angela angeles angelica angelo anil anish anita anja anjali anke ankit ann anna annalisa
annamaria anne anneke anneli annelies anneliese annemiek annette annie annika anthony antje antoine antonella
antonello antonia antonio anupam anuradha anwar araceli arash aravind ariana arianna arjan arjun armando arnaud arne
aroha arthur artur arturo arun arvind asante asha ashkan ashley ashok asli asma asta astrid asuka atsushi audrey
aurelie aurore austin avraham awa axel ayaka ayelet ayesha aylin ayman ayodele ayse ayumi aziz babajide babatunde
bahram bao baptiste barbara barbora baris barry bartek bartosz bas bashir beata beatrice beatriz becky behnaz ben
benedetta bengt benito benjamin benoit berk bernadette bernard bernd bertrand beth bethany bettina betty beverly
bharat bianca bilal billy binh birgit birgitta bjarni bjorn blanca bob bobby bogdan bongani boris bozena bradley
bram brandon brenda brendan brett brian bridget brigitta brigitte britta brittany bruce bruno bryan burak burcu
caitlin callum cameron camila camille can carina carl carla carlos carmen carol caroline carolyn carrie carsten cas
casey catarina caterina catherine cathy cecile cecilia celine cem cemile cesar cezary chaim chandni chandra chantal
charles charlie charlotte chelsea chen cheng cheryl chiamaka chiara chidi chijioke chika chinedu chinonso chinwe
chioma chiyo chloe chris christa christelle christian christiane christina christine christoph christophe
christopher chukwuemeka chunhua cindy cipriano claire clara clarence claude claudia claudine claudio claus clement
clifford clive cody colin concetta connor conor consuelo corey corinne cornelia cosimo courtney craig cristina
cristobal crystal cuong curtis cynthia czeslaw daan dagmar daisuke daisy dale dalia dalitso damian damien daniel
danielle danny daria dario dariush dariusz darnell darren darya dave david davide dawid dawn dean deandre debbie
debora deborah debra declan deepa deepak deepika delphine denis denise deniz dennis derek desmond detlef dev devika
diallo diana diane didier diego dieter dietmar dina dinesh dirk divya dmitri dmitry dolores dominic dominique don
donald donatella donna doris dorota dorothea dorothy doug douglas dov dragan duarte duncan dung dusan dustin dylan
ebele eberhard ebony ebru eckhard eddie edith edoardo edouard eduardo edward edyta eero efua egil eileen einar eitan
ekene elaine eleanor elena eleonora eli eliezer elif elijah elin elisa elisabetta elise elizabeth elke ella ellen
ellie elodie els elsa elzbieta emanuela emanuele emeka emel emelie emiko emil emile emilio emily emine emma emmanuel
emmanuelle emre encarnacion enrica enrico enrique enzo erdem eren erhard erhardt eric erica erich erik erika eriko
erin ernesto ernst eshe esi eskil esmee esperanza esra esteban estrella ethan etienne eugene eugenie eva evan eve
evelyn ewa ewald ewelina fabien fabio fabrice fabrizio fahad faisal fang farah farhad farid faris farzaneh fatih
fatima fatma fatou federica federico felicity felipe felix femi femke feng fernanda fernando filip filippo fiona
flavia fleur floor florence florian floris folake franca frances francesca francesco francis francisca francisco
franciszek franco francois francoise frank franz franziska fred frederic frederick fredrik freja freya frida
friedrich fritz fumiko funmilayo gabriel gabriela gabriele gaetano gail gal galina gareth gary gaurav gautam gavin
geert geeta genevieve geoff geoffrey georg george georges georgia georgina gerald geraldine gerard gerardo gerd
gerda gerhard gerlinde gerrit gertrud giacomo gianluca gianni gianpietro gijs gilles gillian gina gino giorgia
giorgio giovanna giovanni gisela gita giulia giuliana giuliano giulio giuseppe giuseppina gizem gladys glen glenn
gloria goffredo gokhan gonzalo gopal goran gordon gottfried govind graciela graham graziella grazyna greg gregoire
gregory greta grzegorz guadalupe guang gudrun gugu guido guillaume guillermo gulay gulsum gunilla gunnar gunter
gunther guo gustaf gustav gustavo guy habib hadas hadi hai haider hakan hakon hala halil halina halvard hamid hamza
hana hanan hani hanna hannah hannelore hans haoran harald hari harish harold haroon harpreet harriet harry harsh
hartmut haruka haruki haruto harvey hasan hassan hatem hatice havva hayley heather hector hedda heidi heike heiko
heinrich heinz helen helena helene helga helge helmut hemant hemi hendrik henk henri henrik henry henryk herbert
herman hermann herve hideo hieu hilde hildegard hine hiro hiroko hiroshi hisham hitomi hoa hoda holger holly hong
horst howard hua huda hugh hugo hui hulya huong huseyin hussain hussein iain ian ibrahim ibrahima ichiro ida idris
ifeanyi ifeoma ignacio igor ike ilan ilaria ilona ilse iman imani imogen imran inacio indira ineke ines inga inge
ingeborg ingemar ingo ingrid ingvar irena irene irina iris irma isaac isabel isabella isabelle isamu ishaan isidro
isla ismail isobel ivan ivana iwona jaap jabari jacek jack jackie jackson jacob jacqueline jacques jade jadwiga
jagdish jaime jake jakub jamal james jamie jamila jan jane janet janice janina jared jaroslav jaroslaw jasmin
jasmine jason jasper jaspreet javier jay jaya jayden jean jeff jeffery jeffrey jelani jelle jenna jennifer jenny
jens jeremy jeroen jerome jerry jerzy jesper jesse jessica jesus jian jianguo jie jill jim jimena jimmy jing jingyi
jiri jiro jiwoo joachim joan joann joanna joanne joao joaquin jochen jodie joe joel johan johann johanna johannes
john johnny jolanta jon jonas jonathan joost jordan jorg jorge jorgen joris jorrit jose josefa josefina joseph
josephine josh joshua joy joyce jozef juan juana judith judy juergen jukka julia julian julie julien juliette julio
jun june junho junko jurgen jurriaan justin justyna jutta jyoti kabir kacper kagiso kahu kailani kaisa kaitlyn kaito
kajal kalani kamala kamau kamil kamila kaori karan kareem karen kari karim karin karl karla karlheinz karol karolina
karsten karthik kasia katarina katarzyna kate kateryna katharina katherine kathleen kathryn kathy katie katja katrin
katy katya kaveh kavita kayla kazimierz kazuko kazuo keanu keiko keisha keith kelly kelsey kemal ken kenji kenneth
kenta kerem kerry kerstin kevin khadija khaled khalid khanh kiara kieran kim kimberly kinga kiran kirill kirsty
kishore kiyoshi kjell klara klas klaus knut koen kofi koichi kojo konrad konstantin krishna kristen kristian kristin
kristina kristoffer krystian krystyna krzysztof ksenia kumar kumiko kurt kwabena kwaku kwame kwasi kyle kyung laila
lakisha lakshmi lalit lamia lan larisa larry lars lasse lata latasha latoya laura lauren laurence laurent lawrence
layla lea leah leanne lech lee lei leif leila leilani lena lennart leo leon leonard leonor lerato leslie leszek
leticia letizia lewis leyla li liam lidia lieke lihua liliana lily lina linda lindsay lindsey ling linh linnea lior
lisa liv logan long lorena lorenzo lorraine lothar lotta lotte louis louise lourdes lourenco lubna lubomir luc luca
lucas lucia luciano lucie lucien lucy ludmila ludovic ludwig luigi luigina luis luisa lukas luke lutz luz lwazi
lydia lynda lynn lynne maaike maarten machteld maciej madeleine madhav madhu madison mads maelle mafalda magda
magdalena magnus mahesh mahmoud mahsa maia maja makana makena maki makoto malak malcolm malgorzata malia malik malin
mamadou manaia mandla mandy manfred manish manoj manon mansour manuel manuela marc marcel marcela marcelina marcello
marcin marco marcos marcus marek margaret margareta margarida margarita marguerite maria mariam mariama mariana
marianne mariano marie marieke mariella marija marijke mariko marilyn mario mariola marion marisol mariusz marjorie
mark marlene marquis marta martha marthe martijn martin martina martyn marvin mary maryam maryla maryna masako masao
mason massimo mateo mateusz mathias mathieu mathijs mathilde matilde matiu mats matt matteo matthew matthias maud
maureen maurice maurizio max maxime maxine mayumi mbali meena meera megan megumi mehdi mehmet mei meike meiling meir
melania melanie melek melis melissa melvin mercedes mere merel merve mette mia michael michaela michal micheal
michele michelle michiko midori mieke miguel mika mikael mike mikhail mikko mila milan mildred miles milos min mina
ming mingyu minh minjun minoru mirella miriam miroslav miroslaw misaki mitchell mitsuko miyuki moana mohamed
mohammad mohammed mohan mohit molly mona monica monika monique montserrat mordechai morgan morten moshe mounir mpho
muhammad mukesh murat muriel mustafa mwangi nabil nada nadezhda nadia nadine naima nala naledi nam nanami nancy
nandini naoki naoko naomi narayan nasrin nasser natalia natalie natalya natasha nathalie nathan nathaniel naveen
nawal ndidi necla neelam neema neha neil nermin neslihan nga ngaire ngoc ngozi nia nicholas nick nicola nicolas
nicole nicolo nienke nieves nigel nikau nikhil nikita nikola nikolai niloufar nils nina nir nisha nitin nkechi
nnamdi nneka noa noah noel noemie nomvula noor nora norbert noriko norma norman nour ntombi nuray nuria nyambura
obinna octavio oda oddvar odile oguz oksana olaf ole oleg oleksandr olena olga oliver olivia olivier olof olu
olufemi olumide oluwaseun omar omer ondrej onur oren orhan ornella osama osamu oscar otto oumar ove owen ozge ozgur
ozlem pablo padma paige palesa pallavi paloma pam pamela paola paolo parisa pascal patrice patricia patrick patrizia
patrizio patryk paul paula pauline paulo pavel pawel pedro peggy pekka penelope penny per pernilla pertti peter
petra phil philip philippe phillip phoebe phuong phyllis piero pierre pieter pietro pilar pim pina pinar ping piotr
pooja poppy pradeep prakash prasad pratik praveen precious preeti prem priya priyanka qiang qing quang quentin
rachael rachel radoslaw rafael rafal raffaele raffaella ragnar raheem rahul rainer raj raja rajeev rajesh rajni
rakesh ralf ralph ramesh rami ramon rana randall randy rangi rania raphael raquel rasha rashid rasmus raul ravi ray
raymond rebecca recep reece reem regina reiko reinhard reinhold rekha remi remy renata renate renato renaud rene
reza rhys ricardo riccardo richard rick ricky rik rikke riku rima rino rita ritu rivka rob robert roberta roberto
robin rocio rodney rodrigo rogelio roger rohan rohit roland rolf romain roman romina ron ronald roni roos rory rosa
rosanna rosaria rosario rose rosella rosemary rosie ross roy rudiger rudo rudolf rui runar russell rutger ruth ruud
ryan ryo ryota ryszard saad sabah sabine sabrina sachiko sachin sade safia said sakura salah saleem salem salim
sally salma salvador salvatore sam samantha samer sami samir samira samuel sana sandeep sander sandra sandrine
sandro sangeeta sanjay sanjeev sanna sanne santiago santosh sara sarah sarai sarita saskia satish satoshi savita
sayed sayuri scott sean sebastian sebastien sedat seema sekou selim selin selma seojun seoyeon serdar serena sergei
sergio serhiy serkan seth seun severine sevgi seyma shadi shahid shai shalini shan shane shanice shaniqua shannon
shanti sharon shaun shawn sheila shelley sherif sheryl shigeru shinji shira shirin shirley shiro shiv shizuka shlomo
shmuel sho shreya shruti shu shyam sibel siegfried signe sigrid sigrun silke silvia silvio simon simona simone
simonetta sinan siphiwe sipho siri sissel sita sizwe sjoerd slawomir smita sneha snezana sofia soheila solange
soledad sonali songul sonia soojin sophia sophie soraya soren spencer stacey stacy stanislav stanislaw stanley
stefan stefania stefanie stefano steffen stella stephane stephanie stephen steve steven stewart stijn stina stuart
sture subhash sudhir sue suji suleiman suleyman sumin sumit sungmin sunil sunita suresh susan susana susanna susanne
sushma suzanne svein sven svetlana swati swen sydney sylvain sylvia sylvie sylwia szymon tabitha tadesse tadeusz
tafari tahir takashi takeshi tal tama tamar tamara tamer tammy tane tanisha tanja tanvi tanya tapio tara taras tarek
tariq tatiana tatjana tatsuya tawanda tayfun taylor teemu tejas temitope teodoro terence teresa terry tetsuya teun
thabo thandi thandiwe thanh thao themba theo theodore theresa thi thiago thibault thierry thijs thomas thora
thorbjorn thorsten thuy tiago tien tiffany tijmen tim timothy tina tineke tiziana tjeerd tobias toby todd tolga tom
tomas tomasz tomislav tommaso tommy tomoko toni tony torbjorn tore torsten toshio tracey tracy tran trang travis
tremaine trevon trevor trijntje trung tuan tugba tui tuncay tunde tuomas turgut tuyet tyler tyra tyrese tyrone
tzipora uche udo ugo ugur ulf ulla ulrich ulrike uma umberto umut uri ursula urszula usha usman ute uwe vaclav vadim
valentin valentina valeria valerie vandana vanessa varun vasant vasco vasily veena vera verity veronica veronique
vicente vicki vicky victor victoria vidar vidya vijay vikas vikram viktor viktoria ville vinay vincent vincenzo
vinod violet virginia virginie vishal vito vittoria vittorio vivek viveka vivian vladimir volkan volker volodymyr
wairimu waldemar waleed walid walter waltraud wanda wanjiru warren wayne wei weijie wen wendy wesley wieslaw wilhelm
will willem william wim winfried winifred wiremu witold wladyslaw wojciech wolfgang wouter wyatt xia xiang xiaoming
ximena xin xiu yaa yael yahya yair yan yana yang yann yannick yaroslav yasemin yash yasin yasmin yasmine yasser
yavuz yaw yehuda yejide yelena yetunde yifan yigit ying yitzhak yoko yolanda yonatan yong yosef yoshiko youssef yu
yuan yui yuichi yuka yuki yukiko yulia yumi yun yuri yusuf yuta yuto yves yvonne zac zach zachary zahra zainab zaki
zanele zara zayd zbigniew zdenek zehra zeinab zeynep zhen zhi ziad zixuan zodwa zoe zofia zola zoran zuzana
""".split()

#: Those that are words too: alone they are taken for the word.
_WORDS = frozenset(
    "ade amber angel angelica april art bas berk bill bob can christian clement crystal daisy dale dawn dean dev dirk "
    "dolores don dung ebony els eve fang felicity fleur floor frank gal glen grace guy harsh heather holly hong iris "
    "jack jade jasmine jasper jay jean jenny joy jun june lan lei ling long mark marquis mason max mercy mere miles "
    "min ming nick noor penny per ping poppy precious raj raja ray rich rob robin rose rosemary ruby said sam sander "
    "sue summer tama tamer tui verity victor violet warren wen will yang yaw".split()
)

#: Letters that are no other letter with an accent.
_STROKES = str.maketrans("\u0142\u0131\u00f8\u0111", "liod")


@lru_cache(maxsize=1)
def first_names() -> frozenset[str]:
    """Return common first names, in small letters and without accents."""
    return frozenset(_COMMON)


def is_first_name(word: str) -> bool:
    """Say whether a word, written with a capital letter, is a common first name."""
    plain = word.casefold() if word.isascii() else fold(word).translate(_STROKES)
    return plain in first_names()


def is_word_too(name: str) -> bool:
    """Say whether a common first name is a word as well, such as Mark or Rose."""
    return name.casefold() in _WORDS
